/** A process's own ledger: a line for each signal, `<what> <id>`, written before it is told to anybody else. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

export class IdFile {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, "a", 0o600);
  }

  add(what: string, id: string): void {
    writeSync(this.#fd, `${what} ${id}\n`);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Ids by what they are under, each as often as it stands there. */
export function readIds(path: string): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const found = new Map<string, Map<string, number>>();
  for (const line of readFileSync(path, "latin1").split("\n")) {
    const [what = "", id] = line.split(" ");
    if (id === undefined) continue;
    const ids = found.get(what) ?? new Map<string, number>();
    ids.set(id, (ids.get(id) ?? 0) + 1);
    found.set(what, ids);
  }
  return found;
}
