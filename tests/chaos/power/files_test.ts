/**
 * The power fails while a file is replaced and a log is appended to: old content or new, never a part; a line that was
 * reported is there, and one that was only planned is there once after it is said again.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendOnce } from "@kloros/daemon";
import { choicesOf } from "@kloros/signal-schema/testing";
import { Disk } from "./disk.ts";
import { type AppendPlan, type FileMark, LOG, STATE, contentOf, lineOf } from "./files_workload.ts";
import { writeImage } from "./judge.ts";
import { cutsOf, lossOf } from "./loss.ts";
import { buildShim, record, whyNot } from "./recorder.ts";
import type { DiskRecord } from "./recording.ts";

const IMAGES = Number(process.env["KLOROS_ROUNDS"] ?? (process.env["KLOROS_FULL"] === "1" ? 2000 : 200));
const SEED = Number(process.env["KLOROS_SEED"] ?? crypto.getRandomValues(new Uint16Array(1))[0]);
const LIMIT_MS = 60_000 + IMAGES * 200;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "kloros-power-files-"));
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

class Promised {
  readonly #reached = { writing: 0, wrote: 0, appending: 0, appended: 0 };
  plan: AppendPlan | null = null;

  take(record: DiskRecord): void {
    if (record.kind !== "mark") return;
    for (const line of record.text.trim().split("\n")) {
      const mark = JSON.parse(line) as FileMark;
      if (mark.said === "plan") this.plan = mark.plan;
      else this.#reached[mark.said] = mark.n;
      if (mark.said === "appended") this.plan = null;
    }
  }

  /** What is not as it should be on what is left. */
  async broken(root: string): Promise<string[]> {
    const { writing, wrote, appending, appended } = this.#reached;
    const found: string[] = [];
    const state = textOf(join(root, STATE));
    if (![wrote, writing].some((n) => state === (n === 0 ? "" : contentOf(n))))
      found.push(`${STATE} is neither ${String(wrote)} nor ${String(writing)}: ${state.slice(0, 80)}`);
    for (let n = 1; n <= appended; n++) found.push(...notOnce(root, n));
    if (appending === appended) return found;
    // The delivery comes again, with the plan if that was stored.
    const savePlan = (): Promise<void> => Promise.resolve();
    const file = join(root, LOG);
    const plan = this.plan === null ? null : { ...this.plan, file };
    await appendOnce(file, lineOf(appending), { plan, savePlan });
    return [...found, ...notOnce(root, appending), ...(appended > 0 ? notOnce(root, appended) : [])];
  }
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function notOnce(root: string, n: number): string[] {
  const count = textOf(join(root, LOG))
    .split("\n")
    .filter((line) => line === lineOf(n)).length;
  return count === 1 ? [] : [`line ${String(n)} is there ${String(count)} times`];
}

const reason = whyNot();

async function lose(
  lie: (records: readonly DiskRecord[]) => readonly DiskRecord[],
  name: string,
): Promise<string[]> {
  const root = join(dir, name);
  mkdirSync(root);
  const recording = await record(buildShim(dir), root, { workload: "files", seed: SEED });
  const records = lie(recording.records);
  const disk = new Disk(recording.before);
  const promised = new Promised();
  const broken: string[] = [];
  let done = 0;
  for (const cut of cutsOf(records, IMAGES, SEED)) {
    for (const one of records.slice(done, cut.at)) {
      disk.take(one);
      promised.take(one);
    }
    done = cut.at;
    const choices = choicesOf(cut.seed);
    const place = join(dir, "image");
    writeImage(place, disk.after(lossOf(choices)), choices);
    for (const what of await promised.broken(place))
      broken.push(`after record ${String(cut.at)}, image ${String(cut.seed)}: ${what}`);
  }
  return broken;
}

test.skipIf(reason !== undefined)(
  `a loss of power leaves each file old or new, and each line once (KLOROS_SEED=${String(SEED)})`,
  async () => {
    expect((await lose((records) => records, "honest")).slice(0, 3)).toEqual([]);
  },
  LIMIT_MS,
);

test.skipIf(reason !== undefined)(
  "a disk that syncs nothing is seen",
  async () => {
    const lied = await lose((records) => records.filter(({ kind }) => kind !== "sync"), "lying");
    expect(lied.join("\n")).toContain("is neither");
    expect(lied.join("\n")).toContain("is there 0 times");
  },
  LIMIT_MS,
);
