import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/** With those above it. What it makes may be looked into by all, whatever the umask: services run as another user. */
export function makeDirectories(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o755);
}
