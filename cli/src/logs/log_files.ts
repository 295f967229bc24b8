/** `<service>.log`, and what it was before: `.1` the newest of the old ones. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const LOG = /^([a-z][a-z0-9-]*)\.log$/;

/** Service → path of its current log. */
export function listLogs(directory: string): ReadonlyMap<string, string> {
  if (!existsSync(directory)) return new Map();
  const names = readdirSync(directory).toSorted();
  return new Map(
    names.flatMap((name) => {
      const service = LOG.exec(name)?.[1];
      return service === undefined ? [] : [[service, join(directory, name)] as const];
    }),
  );
}

const OLD_MAX = 99;

/** The current log and the rotated ones, newest first. */
export function logGenerations(path: string): readonly string[] {
  const found = existsSync(path) ? [path] : [];
  for (let n = 1; n <= OLD_MAX && existsSync(`${path}.${n}`); n++) found.push(`${path}.${n}`);
  return found;
}
