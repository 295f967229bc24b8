import { afterAll, describe, expect, test } from "bun:test";
import { until } from "@kloros/bus-client/testing";
import { openTestBus } from "@kloros/daemon/testing";
import type { Envelope } from "@kloros/signal-schema";
import { question, scan } from "../testing/sample_signals.ts";
import { forRandomCases } from "../testing/random_cases.ts";
import { findStart } from "./find_start.ts";
import { follow, matches } from "./follow.ts";
import type { SignalFilter } from "./read_on.ts";

const opened = openTestBus();
const bus = opened.connect("operator");
const curiosity = opened.connect("curiosity-core");
afterAll(() => opened.close());

let clock = Date.UTC(2026, 0, 1);
async function say(kinds: readonly boolean[]): Promise<readonly Envelope[]> {
  const said: Envelope[] = [];
  for (const operator of kinds) {
    clock += 1;
    // The same question over and over would be cut as a loop.
    const envelope = operator ? scan("s", clock) : question(`m${String(clock)}`, clock);
    await (operator ? bus : curiosity).publish([envelope]);
    said.push(envelope);
  }
  return said;
}

const FILTERS: readonly SignalFilter[] = [
  {},
  { signals: ["Q_RUN_SCANNER"] },
  { sources: ["curiosity-core"] },
];

describe("follow()", () => {
  test("hands on each signal once and in order: those before, those during, also when the reader is slow", async () => {
    await forRandomCases(25, async (dice) => {
      const filter = dice.pick(FILTERS);
      const count = dice.whole(0, 20);
      const coin = () => dice.next() < 0.5;
      await say(dice.list(12, coin));
      const before = await idsOf(filter);
      const afterSeq = await findStart(bus, filter, { count, sinceMs: undefined });
      const stop = new AbortController();
      const seen: string[] = [];
      const reading = (async () => {
        for await (const one of follow(bus, { filter, afterSeq, abort: stop.signal, pollMs: 5 })) {
          if (one.kind === "stored") seen.push(one.item.envelope.id);
          if (seen.length % 5 === 0) await Bun.sleep(1);
        }
      })();
      const during = (await say(dice.list(12, coin))).filter((one) => matches(filter, one));
      const expected = [...before.slice(Math.max(0, before.length - count)), ...during.map(({ id }) => id)];
      await until("all of them", () => seen.length >= expected.length);
      stop.abort();
      await reading;
      expect(seen).toEqual(expected);
    });
  }, 60_000);

  test("finds the first signal since a moment", async () => {
    const since = Date.now();
    await Bun.sleep(2);
    const [first] = await say([true, false, true]);
    const afterSeq = await findStart(bus, {}, { count: undefined, sinceMs: since });
    const page = await bus.read({ afterSeq, limit: 1 });
    expect(page.items[0]?.envelope.id).toBe(first!.id);
  });
});

async function idsOf(filter: SignalFilter): Promise<readonly string[]> {
  const page = await bus.read({ ...filter, order: "newest", limit: 1000 });
  return page.items.map(({ envelope }) => envelope.id).toReversed();
}
