/**
 * Each service of D-REAM dies at each of its named points, comes back, and in the end everything was done once. A point that is
 * never reached is a failure: then the table says something that is not so.
 */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@kloros/bus-client/testing";
import { checkDream } from "./dream/check_dream.ts";
import { DreamHarness, STRAY_LIMIT_MS } from "./dream/dream_harness.ts";
import { readDreamLeft } from "./dream/dream_left.ts";
import { KEY, offer } from "./dream/experiment.ts";
import { DREAM_POINTS, type OwnedPoint } from "./dream/owners.ts";

const DEATH_LIMIT_MS = 60_000;

let dream: DreamHarness | undefined;
let scratch: string | undefined;
afterEach(async () => {
  await dream?.remove();
  if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  [dream, scratch] = [undefined, undefined];
});

/** Points that are passed only when the validation fails, or when a promotion is given up after three failed cycles. */
const takesBack = ({ point }: OwnedPoint): boolean => point.includes("roll");
const parks = ({ point }: OwnedPoint): boolean => point.includes("park");

for (const service of new Set(DREAM_POINTS.map((one) => one.service))) {
  const points = DREAM_POINTS.filter((one) => one.service === service && !parks(one));
  test(`${service} dies at each of its ${String(points.length)} named points, and everything is done once`, async () => {
    const verdict = makeVerdict();
    dream = new DreamHarness({ settings: { reload: ["true"], validation: ["test", "-e", verdict] } });
    dream.start();
    await dream.ready();
    let [best, stands] = [4, 0];
    for (const owned of points) {
      best += 1;
      offer(dream.paths, [best - 1, best]);
      if (takesBack(owned)) rmSync(verdict, { force: true });
      else {
        writeFileSync(verdict, "");
        stands = best;
      }
      await dieAt(dream, owned);
      await dream.settle();
    }
    await dream.stop();
    const wanted = { promotions: dream.promotions, environment: { [KEY]: String(stands) } };
    expect(checkDream(await readDreamLeft(dream), wanted)).toEqual([]);
  }, 180_000);
}

test("a service dies at each named point of parking, and the promotion is parked once", async () => {
  dream = new DreamHarness({ experiment: { behaviour: "exits" }, settings: { cooldown: "1s" } });
  dream.start();
  await dream.ready();
  for (const owned of DREAM_POINTS.filter(parks)) {
    await dieAt(dream, owned);
    await dream.settle();
  }
  await dream.stop();
  const { promotions } = dream;
  expect(checkDream(await readDreamLeft(dream), { promotions, parked: promotions })).toEqual([]);
}, 180_000);

/** A file that says whether the system works with the values that were just set. */
function makeVerdict(): string {
  scratch = mkdtempSync(join(tmpdir(), "kloros-verdict-"));
  const verdict = join(scratch, "works");
  writeFileSync(verdict, "");
  return verdict;
}

async function dieAt(dream: DreamHarness, { service, point }: OwnedPoint): Promise<void> {
  const daemon = dream.daemon(service);
  await daemon.end();
  daemon.start({ env: { KLOROS_CRASH_AT: point } });
  dream.drop(`at_${point.replaceAll(/\W/g, "_")}`);
  await dream.until(`${service} to die at ${point}`, () => !daemon.running, DEATH_LIMIT_MS);
  await daemon.exited();
  expect(daemon.endedBy, `${service} at ${point}: ${daemon.lastWords()}`).toBe("SIGKILL");
  const orphans = new Set(dream.cycleProcesses());
  daemon.start();
  await until(
    `what ${service} left running to end`,
    () => !dream.cycleProcesses().some((pid) => orphans.has(pid)),
    {
      limitMs: STRAY_LIMIT_MS,
    },
  );
}
