import { afterEach, beforeEach, expect, test } from "bun:test";
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whileMigrating } from "./migration_lock.ts";
import { openMigration } from "./open_migration.ts";

const NOBODY = 65_534;

let root: string;
let home: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "km-"));
  home = join(root, "home");
  mkdirSync(home);
  writeFileSync(join(home, "kloros.toml"), '[migrate.everything]\ndisable = ["touch /i-was-root"]\n');
  if (process.getuid?.() === 0) chownSync(home, NOBODY, NOBODY);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = async (user: boolean): Promise<string> =>
  openMigration(
    { home, color: false, ...(user ? { user } : {}) },
    { env: { HOME: root, XDG_RUNTIME_DIR: root }, cwd: root },
  ).then(
    ({ settings }) => settings.everything.disable.join(),
    (error: unknown) => (error as Error).message,
  );

test.skipIf(process.getuid?.() !== 0)(
  "commands for root's shell are not taken from a home that services write to",
  async () => {
    expect(await open(false)).toContain(`${home}/kloros.toml`);
    expect(await open(false)).toContain("/etc/kloros/kloros.toml");
  },
);

test("a user's own services are told by the user's own file", async () => {
  expect(await open(true)).toBe("touch /i-was-root");
});

test.skipIf(process.getuid?.() !== 0)(
  "root keeps no state in a directory that the services' user made",
  async () => {
    const migrate = (): Promise<string> =>
      whileMigrating(home, () => Promise.resolve("done")).catch((error: unknown) => (error as Error).message);
    expect(await migrate()).toContain(`${home} belongs to uid ${NOBODY}`);
    chownSync(home, 0, 0);
    expect(await migrate()).toBe("done");
  },
);
