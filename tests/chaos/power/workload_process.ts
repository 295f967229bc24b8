/** The process whose disk is recorded: one workload by name, told by the environment that the recorder sets. */
import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { repairJournal, restoreJournal } from "@kloros/journal";
import { choicesOf } from "@kloros/signal-schema/testing";
import { type FileMark, workOnFiles } from "./files_workload.ts";
import type { Mark } from "./promised.ts";
import { Life, type WorkloadOptions } from "./workload.ts";

const root = process.env["KLOROS_POWER_ROOT"] ?? "";
const path = join(root, "journal.db");
const marks = openSync(process.env["KLOROS_POWER_MARKS"] ?? "", "a", 0o600);
const tell = (mark: Mark | FileMark): void => {
  writeSync(marks, `${JSON.stringify(mark)}\n`);
};
const options = { choices: choicesOf(Number(process.env["KLOROS_POWER_SEED"])), tell };
/** How a repair names a delivery of which it found only what it was before. */
const EARLIER = /^delivery \d+ (\d+): only an earlier version/;
const NOW = 1_763_900_000_000;

async function live(name: string, steps: number, more: Partial<WorkloadOptions> = {}): Promise<Life> {
  const life = new Life(root, name, { ...options, ...more });
  await life.attach();
  await life.steps(steps);
  return life;
}

const workloads: Readonly<Record<string, () => Promise<void>>> = {
  traffic: async () => {
    for (const name of ["one", "two", "three"]) (await live(name, 60)).close();
  },
  first: async () => {
    (await live("first", 3)).close();
  },
  /** After whatever was there: an older version, or what a loss of power left. */
  again: async () => {
    (await live("again", 25)).close();
  },
  /** Left open: what the recording ends with is a journal with a full log. */
  open: async () => {
    const life = await live("open", 120);
    life.rest();
    life.broker.db.emptyWal();
    life.broker.db.handle.run("PRAGMA wal_autocheckpoint = 0");
    for (let n = 0; n < 6; n++) await life.publish(2);
    // An end in order would empty the log.
    process.kill(process.pid, "SIGKILL");
    await Bun.sleep(60_000);
  },
  repair: async () => {
    const { signals, again, notes } = repairJournal(path, { nowMs: NOW });
    const lost = signals.map(({ seq }) => seq);
    const worse = again.map(({ seq }) => seq);
    for (const note of notes) worse.push(...(EARLIER.exec(note)?.slice(1).map(Number) ?? []));
    tell({ said: "repaired", lost, worse });
    (await live("repaired", 10)).close();
  },
  restore: async () => {
    const life = await live("before", 40);
    life.backUp();
    await life.steps(30);
    life.close();
    const name = "before-0.backup";
    tell({ said: "restoring", name });
    restoreJournal(path, join(root, name), { nowMs: NOW });
    tell({ said: "restored" });
    (await live("restored", 10)).close();
  },
  files: async () => workOnFiles(root, options),
  "synchronous NORMAL": async () => {
    (await live("normal", 60, { synchronous: "NORMAL" })).close();
  },
  "synchronous OFF": async () => {
    (await live("off", 60, { synchronous: "OFF" })).close();
  },
};

const run = workloads[process.env["KLOROS_POWER_WORKLOAD"] ?? ""];
if (run === undefined) throw new Error(`no workload ${String(process.env["KLOROS_POWER_WORKLOAD"])}`);
await run();
process.exit(0);
