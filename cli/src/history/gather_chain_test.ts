import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openTestBus } from "@kloros/daemon/testing";
import {
  InvestigationComplete,
  InvestigationTimeout,
  ModuleDiscovered,
  ModuleIntegrated,
} from "@kloros/signal-schema";
import { childOf, question } from "../testing/sample_signals.ts";
import { causalTree } from "./causal_tree.ts";
import { findSignalBy } from "./find_signal.ts";
import { gatherBelow, gatherChain } from "./gather_chain.ts";

const opened = openTestBus();
const bus = opened.connect("operator");
afterAll(() => opened.close());

const START = Date.UTC(2026, 0, 1);
const root = question("audio", START);
const complete = childOf(root, InvestigationComplete, START + 20);
const integrated = childOf(complete, ModuleIntegrated, START + 30);
/** An advisory: it begins a trace of its own, because of the one before. */
const discovered = childOf(integrated, ModuleDiscovered, START + 40);
const timeout = childOf(root, InvestigationTimeout, START + 600);
const other = question("vision", START + 5);
const otherComplete = childOf(other, InvestigationComplete, START + 25);

beforeAll(async () => {
  for (const one of [root, other, complete, otherComplete, integrated, discovered, timeout]) {
    await opened.connect(one.source).publish([one]);
  }
});

const wanted = [root, complete, integrated, discovered, timeout].map(({ id }) => id);

describe("a chain", () => {
  for (const [name, from] of Object.entries({ root, complete, discovered, timeout })) {
    test(`is whole from wherever it is asked for: ${name}`, async () => {
      const item = await findSignalBy(bus, from.id);
      const chain = await gatherChain(bus, item, { itemsMax: 100 });
      expect(chain.items.map(({ envelope }) => envelope.id)).toEqual(wanted);
      expect(chain).toMatchObject({ missingCause: undefined, cut: false });
    });
  }

  test("is a tree with what came of what, across traces", async () => {
    const { items } = await gatherChain(bus, await findSignalBy(bus, root.id), { itemsMax: 100 });
    expect(causalTree(items).map(({ item, branch }) => `${branch}${item.envelope.signal}`)).toEqual([
      "● Q_CURIOSITY_INVESTIGATE",
      "├▶ Q_INVESTIGATION_COMPLETE",
      "│  └▶ Q_MODULE_INTEGRATED",
      "│     └▶ Q_MODULE_DISCOVERED",
      "└▶ Q_INVESTIGATION_TIMEOUT",
    ]);
  });

  test("says when it is cut, and below a signal holds only what follows it", async () => {
    const item = await findSignalBy(bus, complete.id);
    expect(await gatherChain(bus, item, { itemsMax: 2 })).toMatchObject({ cut: true });
    const below = await gatherBelow(bus, await findSignalBy(bus, integrated.id), { itemsMax: 100 });
    expect(below.items.some(({ envelope }) => envelope.id === discovered.id)).toBe(true);
  });

  test("whose cause is not in the journal says so", async () => {
    const orphan = childOf(
      { ...root, id: "00000000-0000-8000-8000-000000000001", trace: "00000000-0000-8000-8000-000000000001" },
      InvestigationComplete,
      START,
    );
    await opened.connect(orphan.source).publish([orphan]);
    const chain = await gatherChain(bus, await findSignalBy(bus, orphan.id), { itemsMax: 100 });
    expect(chain.missingCause).toBe("00000000-0000-8000-8000-000000000001");
    expect(chain.items.map(({ envelope }) => envelope.id)).toEqual([orphan.id]);
  });
});

describe("what a person types for a signal", () => {
  test("may be its number, with or without #", async () => {
    expect((await findSignalBy(bus, "#2")).envelope.id).toBe(other.id);
    expect((await findSignalBy(bus, "2")).envelope.id).toBe(other.id);
  });

  test("may be the end or the beginning of its id, in any case", async () => {
    expect((await findSignalBy(bus, complete.id.slice(-12).toUpperCase())).envelope.id).toBe(complete.id);
    expect((await findSignalBy(bus, complete.id.slice(0, 30))).envelope.id).toBe(complete.id);
  });

  test("may be the end of an id that is all digits, when no signal has that number", async () => {
    const id = "0198c5b5-0000-7000-8000-000012345678";
    const digits = { ...question("digits", START), id, trace: id };
    await opened.connect(digits.source).publish([digits]);
    expect((await findSignalBy(bus, "12345678")).envelope.id).toBe(id);
  });

  test("is refused when it fits several, with those", async () => {
    expect(findSignalBy(bus, root.id.slice(0, 6))).rejects.toThrow(
      /it fits \d+ signals:\n {2}[0-9a-f-]{36} {2}#/,
    );
  });

  test.each([
    ["#999", "there is no signal number 999"],
    ["ffffffff-ffff-8fff-8fff-ffffffffffff", "there is no signal ffffffff"],
    ["fffffff", "give the whole id"],
    ["abc", "is no id"],
    ["Q_RUN_SCANNER", "is no id"],
  ])("%s is refused: %s", (text, said) => {
    expect(findSignalBy(bus, text)).rejects.toThrow(said);
  });
});
