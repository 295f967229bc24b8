/** A directory with evaluators and a dream.yaml, removed by `using`. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export class DreamFolder {
  readonly path = mkdtempSync(join(tmpdir(), "kloros-dream-"));

  /** Returns its absolute path. */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), "utf8");
  }

  json(name: string): unknown {
    return JSON.parse(this.read(name));
  }

  /** Names of the files below a directory, sorted; the time in a run's directory is replaced. */
  files(name = "."): string[] {
    const all = readdirSync(join(this.path, name), { recursive: true, withFileTypes: true });
    return all
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(this.path, name).length + 1))
      .map((path) => path.replace(/\/\d{10}\//, "/UNIX/"))
      .toSorted();
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
