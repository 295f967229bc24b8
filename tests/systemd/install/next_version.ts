/** A later version of this tree, built: what an upgrade goes to. The checkout is never touched. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../..");
const FOLDERS = ["packages", "services", "cli", "scripts"];
const FILES = ["package.json", "tsconfig.json", "bunfig.toml", "CHANGELOG.md"];

/** A text of one file in place of another; throws when it does not stand there exactly once. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export class NextVersion {
  readonly root: string;

  constructor() {
    this.root = mkdtempSync(join(tmpdir(), "kloros-next-"));
    for (const name of [...FOLDERS, ...FILES]) {
      cpSync(join(ROOT, name), join(this.root, name), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (path) => !/(^|\/)(dist|fixtures)(\/|$)/.test(relative(ROOT, path)),
      });
    }
    symlinkSync(join(ROOT, "node_modules"), join(this.root, "node_modules"));
  }

  change(...changes: readonly Change[]): void {
    for (const { file, from, to } of changes) {
      const path = join(this.root, file);
      const text = readFileSync(path, "utf8");
      if (text.split(from).length !== 2) throw new Error(`${file} does not hold exactly once: ${from}`);
      writeFileSync(
        path,
        text.replace(from, () => to),
      );
    }
  }

  add(file: string, text: string): void {
    mkdirSync(dirname(join(this.root, file)), { recursive: true });
    writeFileSync(join(this.root, file), text);
  }

  setVersion(version: string): void {
    for (const file of ["cli/package.json", "packages/daemon/package.json"]) {
      const path = join(this.root, file);
      const text = readFileSync(path, "utf8").replace(/"version": "[^"]*"/, `"version": "${version}"`);
      writeFileSync(path, text);
    }
  }

  /** The multi-call program of the tree as it is now, in `directory`. */
  async build(directory: string): Promise<string> {
    const command = [
      process.execPath,
      join(this.root, "scripts/src/build.ts"),
      "--out",
      directory,
      "--only",
      "kloros",
    ];
    const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"] });
    const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    if (code !== 0) throw new Error(`the next version could not be built:\n${out}${error}`);
    return join(directory, "multicall/kloros");
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** One more step of the journal's form: a table, an index, and rows that the older version knows nothing of. */
export function migrateJournal(tree: NextVersion, { wayBack }: { readonly wayBack: boolean }): void {
  tree.add(
    "packages/journal/src/migrations/to_version_3.ts",
    `import type { Database } from "bun:sqlite";
export function toVersion3(db: Database): void {
  db.run("CREATE TABLE note(seq INTEGER PRIMARY KEY, said TEXT NOT NULL)");
  db.run("CREATE INDEX signal_at ON signal(at)");
  db.run("INSERT INTO note SELECT seq, name FROM signal");
}
export function backToVersion2(db: Database): void {
  db.run("DROP INDEX signal_at");
  db.run("DROP TABLE note");
}
`,
  );
  tree.change(
    { file: "packages/journal/src/schema.ts", from: "SCHEMA_VERSION = 2", to: "SCHEMA_VERSION = 3" },
    {
      file: "packages/journal/src/migrate.ts",
      from: "  { forth: toVersion2 },\n",
      to: `  { forth: toVersion2 },\n  { forth: toVersion3${wayBack ? ", back: backToVersion2" : ""} },\n`,
    },
    {
      file: "packages/journal/src/migrate.ts",
      from: 'import { SCHEMA_VERSION } from "./schema.ts";',
      to: 'import { SCHEMA_VERSION } from "./schema.ts";\nimport { backToVersion2, toVersion3 } from "./migrations/to_version_3.ts";',
    },
  );
}
