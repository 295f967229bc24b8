import { basename } from "node:path";
import { isServiceName, type ServiceName } from "./service_names.ts";

/**
 * The service whose name this program was called by. `argv0` is what the caller wrote, also in a compiled program,
 * where the path of the executable is that of the file behind the link.
 */
export function calledService(argv0: string): ServiceName | undefined {
  const name = basename(argv0);
  return isServiceName(name) ? name : undefined;
}
