/**
 * The power fails at any moment: whatever of the unsynced is left, the bus starts, and what it acknowledged is there.
 *
 * `KLOROS_SEED` has a run again, `KLOROS_ROUNDS` sets the images of each scenario, `KLOROS_FULL=1` makes 10,000 in all.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Figures, loseThePower } from "./campaign.ts";
import { type Recording, buildShim, whyNot } from "./recorder.ts";
import { type Place, SCENARIOS, fromNothing, played } from "./scenarios.ts";

const FULL = process.env["KLOROS_FULL"] === "1";
const SCENARIO_COUNT = Object.keys(SCENARIOS).length;
const IMAGES = Number(process.env["KLOROS_ROUNDS"] ?? (FULL ? Math.ceil(10_000 / SCENARIO_COUNT) : 50));
const SEED = Number(process.env["KLOROS_SEED"] ?? crypto.getRandomValues(new Uint16Array(1))[0]);
const PLANTED_IMAGES = 30;
/** A recording takes a few seconds, an image some 20 ms; others make the machine slow. */
const LIMIT_MS = 120_000 + IMAGES * 1000;

const reason = whyNot();
if (reason !== undefined) process.stderr.write(`power-loss tests are skipped: ${reason}\n`);

let dir: string;
let shim = "";
beforeAll(() => {
  // Nothing here needs a real disk: the disk is made up.
  dir = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "kloros-power-"));
  if (reason === undefined) shim = buildShim(dir);
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

function place(name: string): Place {
  const at = join(dir, name.replaceAll(" ", "-"));
  mkdirSync(at);
  return { shim, dir: at, seed: SEED };
}

function said({ images, started, refused, broken }: Figures): string {
  return `${String(images)} images: ${String(started)} started, ${String(refused)} refused, ${String(broken.length)} broken`;
}

describe.skipIf(reason !== undefined)("a recording", () => {
  for (const workload of ["traffic", "restore"])
    test(
      `of ${workload} rebuilds exactly the files of a clean stop`,
      async () => {
        const { recording } = await fromNothing(place(`exact ${workload}`), workload);
        const rebuilt = played(recording, recording.records.length).disk.whole();
        const names = readdirSync(recording.root).filter((name) => !name.endsWith("-shm"));
        expect([...rebuilt.keys()].filter((name) => !name.endsWith("-shm")).toSorted()).toEqual(
          names.toSorted(),
        );
        for (const name of names) {
          const same = readFileSync(join(recording.root, name)).equals(
            rebuilt.get(name) ?? new Uint8Array(0),
          );
          expect([name, same]).toEqual([name, true]);
        }
      },
      LIMIT_MS,
    );
});

describe.skipIf(reason !== undefined)(`a loss of power (KLOROS_SEED=${String(SEED)})`, () => {
  for (const [name, prepare] of Object.entries(SCENARIOS))
    test(
      `in ${name} loses nothing that was acknowledged`,
      async () => {
        const at = place(name);
        const prepared = await prepare(at);
        const figures = await loseThePower(prepared.recording, {
          ...prepared,
          images: IMAGES,
          seed: SEED,
          place: join(at.dir, "image"),
        });
        if (process.env["KLOROS_ROUNDS"] !== undefined || FULL)
          process.stderr.write(
            `${name}, ${String(prepared.recording.records.length)} records, ${said(figures)}\n`,
          );
        expect(figures.broken.slice(0, 3)).toEqual([]);
        // A damaged journal is refused until its repair is through.
        expect(figures.refused > 0).toBe(name === "a repair");
      },
      LIMIT_MS,
    );
});

/** What a disk would have to do, or a bus leave out, to lose something: each must be seen, or the tests above prove nothing. */
const PLANTED: readonly {
  readonly what: string;
  readonly workload: string;
  readonly lie?: (recording: Recording) => Recording;
  readonly sign: RegExp;
  /** Default 30. */
  readonly images?: number;
}[] = [
  { what: "a bus that does not sync at all", workload: "synchronous OFF", sign: /is lost|behind its mark/ },
  { what: "a bus that does not sync its log", workload: "synchronous NORMAL", sign: /signal \d+ is lost/ },
  {
    what: "a disk that forgets names",
    workload: "first",
    lie: (recording) => without(recording, "sync directory"),
    sign: /lost|again|no journal/,
    // Most of them look as if it had not.
    images: 100,
  },
  {
    what: "a disk that answers a sync before it did it",
    workload: "traffic",
    lie: (recording) => without(recording, "sync"),
    sign: /is lost/,
  },
];

function without(recording: Recording, kind: "sync" | "sync directory"): Recording {
  return { ...recording, records: recording.records.filter((record) => record.kind !== kind) };
}

describe.skipIf(reason !== undefined)("a planted fault is seen:", () => {
  for (const {
    what,
    workload,
    lie = (recording: Recording) => recording,
    sign,
    images = PLANTED_IMAGES,
  } of PLANTED)
    test(
      what,
      async () => {
        const at = place(what);
        const { recording, promised } = await fromNothing(at, workload);
        const options = { images, seed: SEED, place: join(at.dir, "image"), promised };
        const { broken } = await loseThePower(lie(recording), options);
        expect(broken.join("\n")).toMatch(sign);
      },
      LIMIT_MS,
    );
});
