/**
 * Bytes of the journal and of its write-ahead log are flipped, zeroed and cut off, while the bus is down and while it runs. What comes
 * of it is told: by a start that is refused and names the command that helps, or by rows that are named. An operator who gives
 * exactly those commands has everything back but what is named.
 *
 * `KLOROS_ROUNDS` sets how many kinds of damage are tried, `KLOROS_SEED` repeats one.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "../e2e/house/seed.ts";
import { kloros, operatorsProof } from "./house/kloros.ts";
import { flowFlaws } from "./house/proof.ts";
import { Scene } from "./house/scene.ts";
import type { WholeHouse } from "./house/whole_house.ts";
import { type Followed, startAsAdvised } from "./journal/advice.ts";
import { damage } from "./journal/damage.ts";
import { changedSince, type Known, knownOf } from "./journal/known.ts";

const GIVEN = process.env["KLOROS_SEED"];
const ROUNDS = Number(process.env["KLOROS_ROUNDS"] ?? 8);
const FIRST_SEED = 20_260_106;
const SECONDS_A_ROUND = 30;
const SIGNALS = 300;
const REST_MS = 60_000;

/** What a repair says when work may be done again that was done, or when somebody forgot what they did. */
const DONE_AGAIN =
  /^delivered again:|only an earlier version is left|what they settled is given again|: it is lost$|is lost: its row makes no sense|lost where nothing else is said|begins with none$|begins as a new one$|is as it was before$/m;

const seeds = (count: number): number[] =>
  GIVEN === undefined ? Array.from({ length: count }, (_, n) => FIRST_SEED + n) : [Number(GIVEN)];

let scene: Scene;
let house: WholeHouse;
let kept: string;
let known: Known;

/** A house whose processes all died at once, in the middle of their work. */
beforeAll(async () => {
  scene = new Scene();
  ({ house } = scene);
  kept = mkdtempSync(join(tmpdir(), "kloros-kept-"));
  await scene.begin();
  await scene.witness.hears(SIGNALS);
  await scene.breakOff();
  copy(house.paths.home, kept);
  // Reading recovers the log, in a copy of its own.
  const read = join(kept, "read");
  cpSync(house.paths.state, read, { recursive: true });
  known = knownOf(join(read, "journal.db"));
  rmSync(read, { recursive: true });
}, 240_000);
afterAll(async () => {
  await scene.remove();
  rmSync(kept, { recursive: true, force: true });
});

function copy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  // With times and all: they are part of what an intent is known by.
  const copied = Bun.spawnSync(["cp", "-a", from, to]);
  if (!copied.success) throw new Error(copied.stderr.toString());
}

/** Runs one of them on the house as it died; its words name the seed. */
async function withSeed(seed: number, run: (events: string[]) => Promise<void>): Promise<void> {
  const events: string[] = [];
  try {
    await house.end();
    copy(kept, house.paths.home);
    await run(events);
  } catch (error) {
    throw new Error(`KLOROS_SEED=${String(seed)}: ${events.join("; ")}: ${String(error)}`, { cause: error });
  }
}

/** Nothing is different that was not named; and the books balance. Returns the numbers that were named. */
async function isTold({ lost }: Followed): Promise<ReadonlySet<number>> {
  const { out } = await kloros(house.paths, "audit", "--json");
  const { setAside } = JSON.parse(out) as { setAside: readonly { readonly seq: number }[] };
  const named = new Set([...lost, ...setAside.map(({ seq }) => seq)]);
  const silent = (await changedSince(known, house.operator)).filter((seq) => !named.has(seq));
  expect(silent).toEqual([]);
  expect(await operatorsProof(house.paths)).toEqual([]);
  return named;
}

/** Everything works on what is there until nothing is open. */
async function workOn(): Promise<void> {
  house.start();
  await house.ready();
  const idle = async (): Promise<boolean> =>
    (await house.operator.admin("consumers", {})).every(({ open }) => open === 0);
  await house.until("nothing to be open", idle, REST_MS);
}

test(
  "while the bus is down: a start is refused and says what helps, or names the rows, or nothing is lost",
  async () => {
    let refused = 0;
    for (const seed of seeds(ROUNDS)) {
      await withSeed(seed, async (events) => {
        events.push(damage(house.paths.journal, seeded(seed)));
        const followed = await startAsAdvised(house);
        events.push(...followed.commands);
        refused += followed.commands.length;
        const named = await isTold(followed);
        events.push(`named: ${[...named].join(", ")}`);
      });
    }
    if (GIVEN === undefined) expect(refused).toBeGreaterThan(0);
  },
  ROUNDS * SECONDS_A_ROUND * 1000,
);

// Some of these name nothing, and are held to the whole proof.
for (const seed of seeds(5)) {
  test(
    `while the bus is down: the daemons go on with what is left (KLOROS_SEED=${String(seed)})`,
    () =>
      withSeed(seed, async (events) => {
        events.push(damage(house.paths.journal, seeded(seed)));
        const followed = await startAsAdvised(house);
        events.push(...followed.commands, followed.words);
        const named = await isTold(followed);
        await workOn();
        const once = named.size === 0 && !DONE_AGAIN.test(followed.words);
        if (once) await house.settle({ retryPoison: true });
        await isTold(followed);
        await house.stop();
        expect(once ? await flowFlaws(house) : await operatorsProof(house.paths)).toEqual([]);
      }),
    400_000,
  );
}

for (const seed of seeds(2)) {
  test(
    `while the bus runs: whatever it does, in the end all is there or named (KLOROS_SEED=${String(seed)})`,
    () =>
      withSeed(seed, async (events) => {
        const bus = house.daemon("chemical-bus");
        house.start(["chemical-bus"]);
        await bus.ready();
        events.push(damage(house.paths.journal, seeded(seed)));
        house.start();
        const worked = await Promise.race([
          workOn().then(
            () => "all was worked on",
            (error: unknown) => String(error).slice(0, 300),
          ),
          bus.exited().then((code) => `the bus ended with ${String(code)}: ${bus.lastWords()}`),
        ]);
        events.push(worked);
        await house.end();
        const followed = await startAsAdvised(house);
        events.push(...followed.commands, followed.words);
        await isTold(followed);
        await workOn();
        await isTold(followed);
      }),
    400_000,
  );
}
