/**
 * Upgrade and rollback under load, in a real systemd: this tree, and later versions of it, one with a journal of another form.
 * Questions come in as files all the time; at the end each was asked once and answered once, and the audit is clean.
 */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPrograms, type Programs } from "./house/programs.ts";
import { seeded } from "../e2e/house/seed.ts";
import { IntentWriter } from "./install/intent_writer.ts";
import { migrateJournal, NextVersion } from "./install/next_version.ts";
import { mustSkip } from "./sandbox/possible.ts";
import { Sandbox } from "./sandbox/sandbox.ts";

const BUILD_MS_MAX = 180_000;
const SWITCH_MS_MAX = 180_000;
const DRAIN_MS_MAX = 120_000;

describe.skipIf(mustSkip())("an upgrade", () => {
  let programs: Programs;
  let builds: string;
  let sandbox: Sandbox;
  let writer: IntentWriter;

  beforeAll(async () => {
    builds = mkdtempSync(join(tmpdir(), "kloros-releases-"));
    programs = await buildPrograms("multicall");
    await buildNext(builds);
    sandbox = await Sandbox.boot({
      binds: [
        { from: programs.directory, to: "/mnt", readOnly: true },
        { from: builds, to: "/media", readOnly: true },
      ],
      // What dies again and again does so sooner.
      files: [
        { path: "/etc/systemd/system/kloros-.service.d/test.conf", text: "[Service]\nRestartSec=200ms\n" },
      ],
    });
    await sandbox.must(["/mnt/kloros", "install", "--yes"]);
    await sandbox.systemctl("enable", "--now", "kloros.target");
    writer = new IntentWriter(sandbox.pathOf("/var/lib/kloros/intents"), { intervalMs: 50 });
  }, BUILD_MS_MAX);
  afterAll(async () => {
    writer?.stop();
    await sandbox?.remove();
    rmSync(builds, { recursive: true, force: true });
  });

  async function kloros(...args: string[]) {
    const { code, out, error } = await sandbox.run(["kloros", ...args, "--json"], { limitMs: SWITCH_MS_MAX });
    return { code, error, said: out === "" ? undefined : (JSON.parse(out) as Record<string, unknown>) };
  }

  async function someArrive(): Promise<void> {
    const goal = writer.written + 20;
    await until(() => writer.written >= goal);
  }

  test(
    "to a release without a way back is refused before anything happens, unless told",
    async () => {
      const { code, error } = await kloros("upgrade", "/media/one-way", "--yes");
      expect(error).toContain("--one-way");
      expect(code).toBe(1);
      expect((await kloros("install", "verify")).said).toMatchObject({ ok: true });
    },
    SWITCH_MS_MAX,
  );

  test(
    "to one that does not get ready goes back by itself, with the journal and all that it took meanwhile",
    async () => {
      await someArrive();
      const { code, said, error } = await kloros("upgrade", "/media/broken", "--yes");
      expect({ code, error }).toMatchObject({ code: 1 });
      expect(said).toMatchObject({ journal: { kind: "up", from: 2, to: 3 }, busAwayMs: expect.any(Number) });
      expect(said?.["undone"]).toContain("kloros-semantic-dedup.service");
      expect((await kloros("journal", "version")).said).toMatchObject({ found: 2, known: 2 });
      expect(existsSync(sandbox.pathOf(EXTRA))).toBe(false);
      expect((await kloros("install", "verify")).said).toMatchObject({ ok: true });
    },
    SWITCH_MS_MAX,
  );

  test(
    "changes the journal's form, tells how long the bus was away, and said again does nothing",
    async () => {
      await someArrive();
      const { code, said, error } = await kloros("upgrade", "/media/next", "--yes");
      expect({ code, error }).toMatchObject({ code: 0 });
      expect(said).toMatchObject({ undone: null, journal: { kind: "up" }, busAwayMs: expect.any(Number) });
      expect(said?.["restarted"]).toBeArrayOfSize(11);
      expect(existsSync(sandbox.pathOf(EXTRA))).toBe(true);
      expect((await kloros("journal", "version")).said).toMatchObject({ found: 3, known: 3 });
      expect((await kloros("upgrade", "/media/next", "--yes")).said).toMatchObject({ restarted: [] });
      expect((await kloros("install", "verify")).said).toMatchObject({ ok: true });
    },
    SWITCH_MS_MAX,
  );

  test(
    "can be taken back, with what came since; said again, a rollback does not go forward",
    async () => {
      await someArrive();
      const { code, said, error } = await kloros("release", "rollback", "--yes");
      expect({ code, error }).toMatchObject({ code: 0 });
      expect(said).toMatchObject({ undone: null, journal: { kind: "down", from: 3, to: 2 } });
      expect((await kloros("journal", "version")).said).toMatchObject({ found: 2, known: 2 });
      expect(existsSync(sandbox.pathOf(EXTRA))).toBe(false);
      expect((await sandbox.run(["systemctl", "is-active", "kloros-extra"])).out).toBe("inactive\n");
      const again = await kloros("release", "rollback", "--yes");
      expect(again.code).toBe(1);
      expect(again.error).toContain("no release before this one");
      expect((await kloros("install", "verify")).said).toMatchObject({ ok: true });
    },
    SWITCH_MS_MAX,
  );

  test(
    "that is killed on its way is finished by saying it again, and so is a rollback",
    async () => {
      const seed = seeded(Number(process.env["KLOROS_SEED"] ?? Date.now() % 1_000_000));
      const rounds = process.env["KLOROS_FULL"] === "1" ? 8 : 1;
      for (let round = 0; round < rounds; round++) {
        for (const [command, found] of [
          [["upgrade", "/media/next"], 3],
          [["release", "rollback"], 2],
        ] as const) {
          const seconds = (0.5 + seed.random() * 6).toFixed(1);
          await sandbox.run(["timeout", "-s", "KILL", seconds, "kloros", ...command, "--yes"]);
          const { code, error } = await kloros(...command, "--yes");
          const which = { seed: seed.seed, round, command, seconds };
          // A rollback that was through already has nothing left to go back to.
          if (code !== 0)
            expect({ ...which, error }).toMatchObject({ error: expect.stringContaining("before this one") });
          expect({ ...which, ...(await kloros("journal", "version")).said }).toMatchObject({ found });
          expect({ ...which, ...(await kloros("install", "verify")).said }).toMatchObject({ ok: true });
        }
      }
    },
    SWITCH_MS_MAX * 8,
  );

  test(
    "and all of that lost nothing and did nothing twice",
    async () => {
      await someArrive();
      const asked = writer.stop();
      const intents = sandbox.pathOf("/var/lib/kloros/intents");
      await until(() => !readdirSync(intents).some((name) => name.endsWith(".json")));
      await until(() => inLog(sandbox).length >= asked.length);
      await until(async () => (await answered(sandbox)).length >= asked.length);
      const { code, out } = await sandbox.run(["kloros", "audit"], { limitMs: DRAIN_MS_MAX });
      expect({ code, out }).toMatchObject({ code: 0 });
      expect((await answered(sandbox)).toSorted()).toEqual(asked.toSorted());
      expect(inLog(sandbox).toSorted()).toEqual(asked.toSorted());
      expect(asked.length).toBeGreaterThan(100);
    },
    DRAIN_MS_MAX * 4,
  );
});

/** `next`: another form of the journal. `broken`: the same, and a service that cannot start. `one-way`: without a way back. */
async function buildNext(builds: string): Promise<void> {
  const tree = new NextVersion();
  try {
    tree.setVersion("0.2.0");
    migrateJournal(tree, { wayBack: true });
    addService(tree);
    await tree.build(join(builds, "next"));
    tree.setVersion("0.3.0");
    tree.change({
      file: "services/semantic-dedup/src/service.ts",
      from: "  start: async (context) => {\n",
      to: '  start: async (context) => {\n    if (context.version !== "") throw new Error("this version is broken");\n',
    });
    await tree.build(join(builds, "broken"));
    tree.setVersion("0.4.0");
    tree.change({ file: "packages/journal/src/migrate.ts", from: ", back: backToVersion2", to: "" });
    await tree.build(join(builds, "one-way"));
  } finally {
    tree.remove();
  }
}

const EXTRA = "/etc/systemd/system/kloros-extra.service";

/** A service that this version does not have: in a home of its own, where it waits for a bus. */
function addService(tree: NextVersion): void {
  const unit = String.raw`[Service]\nExecStart=/opt/kloros/current/bin/semantic-dedup --home /var/tmp/extra\nTimeoutStopSec=5s\n`;
  tree.change(
    {
      file: "cli/src/units/render_units.ts",
      from: "return [...units, target,",
      to: `return [...units, { path: "${EXTRA}", text: "${unit}", mode: MODE }, target,`,
    },
    {
      file: "cli/src/units/target_unit.ts",
      from: '["Documentation", "man:systemd.target(5)"],',
      to: '["Documentation", "man:systemd.target(5)"], ["Wants", "kloros-extra.service"],',
    },
  );
}

/** Question ids of the answers in the journal: of a backup, since SQLite follows no path into another mount namespace. */
async function answered(sandbox: Sandbox): Promise<string[]> {
  const copy = "/var/lib/kloros/copy.db";
  await sandbox.must(["kloros", "journal", "backup", copy]);
  const db = Database.deserialize(readFileSync(sandbox.pathOf(copy)));
  rmSync(sandbox.pathOf(copy));
  return db
    .query<{ body: string }, []>("SELECT body FROM signal WHERE name = 'Q_INVESTIGATION_COMPLETE'")
    .all()
    .map(({ body }) => (JSON.parse(body) as { facts: { question_id: string } }).facts.question_id)
    .filter((id) => id.startsWith("load."));
}

function inLog(sandbox: Sandbox): string[] {
  const text = readFileSync(sandbox.pathOf("/var/lib/kloros/curiosity_investigations.jsonl"), "utf8");
  // A last line may be in the middle of being written.
  return text
    .slice(0, text.lastIndexOf("\n"))
    .split("\n")
    .map((line) => (JSON.parse(line) as { question_id: string }).question_id)
    .filter((id) => id.startsWith("load."));
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + DRAIN_MS_MAX;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`this did not come true: ${String(holds)}`);
    await Bun.sleep(100);
  }
}
