import type { AdminOp } from "@kloros/journal";

/** What each service may ask; everything else is the operator's. */
const OPEN_TO_ALL: readonly AdminOp[] = ["status", "consumers", "deadLetters", "rejectContent"];

const OPERATOR = "operator";

/** Why `service` may not do `op`; undefined: it may. */
export function refuseAdmin(op: string, service: string): string | undefined {
  if (service === OPERATOR || (OPEN_TO_ALL as readonly string[]).includes(op)) return undefined;
  return `${service} may not ask for ${op}: only the operator may`;
}
