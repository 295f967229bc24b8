import { basename } from "node:path";
import { isServiceName, type ServiceName } from "./service_names.ts";

/** The D-REAM runner is no service: it runs one cycle and ends. */
export const DREAM_RUNNER = "kloros-dream";

/**
 * What this program was called as: a service, or the D-REAM runner; undefined: itself. `argv0` is what the caller wrote, also in a
 * compiled program, where the path of the executable is that of the file behind the link.
 */
export function calledAs(argv0: string): ServiceName | typeof DREAM_RUNNER | undefined {
  const name = basename(argv0);
  return name === DREAM_RUNNER || isServiceName(name) ? name : undefined;
}
