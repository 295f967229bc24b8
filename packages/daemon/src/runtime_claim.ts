/** Keeps two homes out of one runtime directory: their sockets and locks have the same names. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "./process_alive.ts";

/** In the runtime directory: the home that uses it. */
const CLAIM_FILE = "home";

/**
 * Writes down that `home` uses `runtime`. Throws when another home does and one of its services is alive; what a stopped
 * one left behind is taken over.
 */
export function claimRuntimeDir(runtime: string, home: string): void {
  const path = join(runtime, CLAIM_FILE);
  const claimedBy = read(path)?.trim();
  if (claimedBy === home) return;
  const holder = claimedBy === undefined ? undefined : livingHolder(runtime);
  if (holder !== undefined) {
    throw new Error(
      `the runtime directory ${runtime} is in use by ${holder} of the home ${String(claimedBy)}; ` +
        `give ${home} another one with --runtime`,
    );
  }
  writeFileSync(path, `${home}\n`, { mode: 0o600 });
}

/** By the text in the lock files: looking must not take a lock away from a service that starts right now. */
function livingHolder(runtime: string): string | undefined {
  for (const name of readdirSync(runtime).filter((entry) => entry.endsWith(".lock"))) {
    const [pid = "", service = ""] = (read(join(runtime, name)) ?? "").trim().split(" ");
    if (/^\d+$/.test(pid) && isAlive(Number(pid))) return `${service} (pid ${pid})`;
  }
  return undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
