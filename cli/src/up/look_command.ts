import type { Installation } from "@kloros/daemon";
import { cloneRoot, isCompiled } from "./service_command.ts";

/** What to type in another terminal to look at a running installation. */
export function lookCommand({ home, runtime, state }: Installation): string {
  const program = isCompiled() ? "kloros" : `bun run ${cloneRoot()}/cli`;
  // The bus writes down where it is, unless the home is only observed.
  const elsewhere = state.startsWith(`${home}/`) ? "" : ` --runtime ${runtime}`;
  return `${program} tail --home ${home}${elsewhere}`;
}
