import { openReadiness, type Readiness } from "@kloros/zmq";

let shared: Readiness | undefined;
let users = 0;

export interface BorrowedReadiness {
  readonly readiness: Readiness;
  readonly release: () => Promise<void>;
}

/** The process's one readiness thread, closed when its last user lets go of it. */
export function borrowReadiness(): BorrowedReadiness {
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
