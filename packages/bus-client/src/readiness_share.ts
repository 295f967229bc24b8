import { openReadiness, type Readiness } from "@kloros/zmq";

let shared: Readiness | undefined;
let users = 0;

/** The process's one readiness thread, closed when its last user lets go of it. */
export function borrowReadiness(): { readonly readiness: Readiness; release(): Promise<void> } {
  shared ??= openReadiness();
  users++;
  const readiness = shared;
  let released = false;
  return {
    readiness,
    async release() {
      if (released) return;
      released = true;
      if (--users > 0) return;
      shared = undefined;
      await readiness.close();
    },
  };
}
