/** The process whose disk is recorded: one workload by name, told by the environment that the recorder sets. */
import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { repairJournal, restoreJournal } from "@kloros/journal";
import { choicesOf } from "@kloros/signal-schema/testing";
import type { Mark } from "./promised.ts";
import { Life, type WorkloadOptions } from "./workload.ts";

const root = process.env["KLOROS_POWER_ROOT"] ?? "";
const path = join(root, "journal.db");
const marks = openSync(process.env["KLOROS_POWER_MARKS"] ?? "", "a", 0o600);
const tell = (mark: Mark): void => {
  writeSync(marks, `${JSON.stringify(mark)}\n`);
};
const options: WorkloadOptions = { choices: choicesOf(Number(process.env["KLOROS_POWER_SEED"])), tell };
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
    await live("open", 120);
  },
  repair: async () => {
    const { signals, again, notes } = repairJournal(path, { nowMs: NOW });
    const lost = signals.map(({ seq }) => seq);
    tell({
      said: "repaired",
      lost,
      again: again.map((one) => `${one.consumer} ${String(one.seq)}`),
      notes: notes.length,
    });
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
