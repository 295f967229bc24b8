/** The flow as it should be, with nobody in its way; and that the proof used by the other tests sees what is wrong. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  CuriosityInvestigate,
  InvestigationComplete,
  ModuleDiscovered,
  ModuleIntegrated,
} from "@kloros/signal-schema";
import { checkFlow } from "./flow/check_flow.ts";
import { FlowHarness } from "./flow/flow_harness.ts";
import { type LeftBehind, type LogFile, readLeftBehind } from "./flow/left_behind.ts";

let flow: FlowHarness;
let left: LeftBehind;

beforeAll(async () => {
  flow = new FlowHarness({ modules: 12, seed: 1 });
  flow.start();
  await flow.settle();
  await flow.stop();
  left = readLeftBehind(flow.paths);
}, 240_000);
afterAll(() => flow.remove());

test("an undisturbed flow brings each module from question to registry, once", () => {
  expect(flow.tree.expected.size).toBe(15);
  expect(checkFlow(left, flow)).toEqual([]);
});

describe("checkFlow()", () => {
  const flaws = (changed: Partial<LeftBehind>): string => checkFlow({ ...left, ...changed }, flow).join("\n");
  const without = (log: LogFile): LogFile => ({ ...log, lines: log.lines.slice(1) });
  const doubled = (log: LogFile): LogFile => ({ ...log, lines: [...log.lines, ...log.lines.slice(0, 1)] });

  test.each([
    [CuriosityInvestigate.name, "question"],
    [InvestigationComplete.name, "completion"],
    [ModuleIntegrated.name, "Q_MODULE_INTEGRATED"],
    [ModuleDiscovered.name, "Q_MODULE_DISCOVERED"],
  ])("sees a lost and a doubled %s", (name, what) => {
    const at = left.signals.findIndex(({ signal }) => signal === name);
    expect(flaws({ signals: left.signals.toSpliced(at, 1) })).toContain(what);
    expect(flaws({ signals: [...left.signals, ...left.signals.slice(at, at + 1)] })).toContain("2 times");
  });

  test.each(["investigations", "processed", "integrated", "integrations"] as const)(
    "sees a lost and a doubled line in %s",
    (log) => {
      expect(flaws({ [log]: without(left[log]) })).toContain("missing");
      expect(flaws({ [log]: doubled(left[log]) })).toContain("2 times");
    },
  );

  test("sees half a line, a changed registry, a dead letter, and one that the file lacks", () => {
    expect(flaws({ integrated: { ...left.integrated, flaws: ["half"] } })).toContain("half");
    expect(flaws({ registryText: `${left.registryText}# more\n` })).toContain("apart from the new entries");
    const [name = ""] = flow.tree.expected;
    expect(flaws({ registryText: `${left.registryText}${name}:\n  a: 1\n` })).toContain("2 times");
    const letter = { n: 1, consumer: "semantic-dedup", reason: "poison", error: "killed", state: "dead" };
    expect(flaws({ deadLetters: [letter] })).toContain("dead letter 1 of semantic-dedup: poison");
    expect(flaws({ deadLetters: [{ ...letter, state: "retried" }] })).toBe(
      "failed_signals line of dead letter 1: missing",
    );
  });
});
