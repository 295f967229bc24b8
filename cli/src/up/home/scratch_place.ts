import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { cloneRoot, isCompiled } from "../service_command.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where journal, sockets and logs (`state`, `run`, `logs` below it) go when a home is only observed: nothing is written
 * into it. One place a home, so that a second `up` on it is noticed. KLOROS_STATE names another.
 */
export function scratchPlace(home: string, env: Environment): string {
  const named = env["KLOROS_STATE"] ?? "";
  return named === "" ? ownPlace(home, env) : named;
}

function ownPlace(home: string, env: Environment): string {
  const name = createHash("sha256").update(home).digest("hex").slice(0, 12);
  if (!isCompiled()) return join(cloneRoot(), ".cache", "observe", name);
  const given = env["XDG_STATE_HOME"] ?? "";
  const base = given.startsWith("/") ? given : join(homedir(), ".local", "state");
  return join(base, "kloros", "observe", name);
}
