import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { cloneRoot, isCompiled } from "../service_command.ts";

/**
 * Where journal, sockets and logs go when a home is only observed: nothing is written into it. One place a home, so that
 * a second `up` on it is noticed.
 */
export function scratchPlace(home: string, env: Readonly<Record<string, string | undefined>>): string {
  const name = createHash("sha256").update(home).digest("hex").slice(0, 12);
  if (!isCompiled()) return join(cloneRoot(), ".cache", "observe", name);
  const given = env["XDG_STATE_HOME"] ?? "";
  const base = given.startsWith("/") ? given : join(homedir(), ".local", "state");
  return join(base, "kloros", "observe", name);
}
