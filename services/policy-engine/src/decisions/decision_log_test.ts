import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtInRules } from "../rules/rule_set.ts";
import { sampleRecord } from "../testing/records.ts";
import { openDecisionLog } from "./decision_log.ts";
import type { DecisionLog, DecisionLogOptions } from "./decision_log.ts";
import { NoDecisionLogError, openDecisions } from "./open_decisions.ts";

let directory: string;
let path: string;
let said: string[];
const opened: { close(): void }[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kloros-decisions-"));
  path = join(directory, "decisions.db");
  said = [];
});
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
  rmSync(directory, { recursive: true, force: true });
});

const DAY = 86_400_000;
const NOW = Date.UTC(2025, 10, 14, 12);

function open(limits: Partial<Pick<DecisionLogOptions, "rowsMax" | "bytesMax">> = {}): DecisionLog {
  const say = (_: object, message: string): void => void said.push(message);
  const log = openDecisionLog(path, {
    log: { error: say, warn: say },
    ageMsMax: 30 * DAY,
    rowsMax: 1000,
    wallMs: () => NOW,
    ...limits,
  });
  opened.push(log);
  return log;
}

function read() {
  const decisions = openDecisions({ decisionLog: path });
  opened.push(decisions);
  return decisions;
}

describe("the decision log", () => {
  test("answers by signal, by what it was about and by trigger, while it is being written", () => {
    const log = open();
    log.record([sampleRecord({ outcome: "fired", triggerId: "t-1" })]);
    const about = { aboutId: "signal-1", aboutSignal: "Q_PROMOTIONS_DETECTED" };
    log.record([
      sampleRecord({
        signalId: "signal-2",
        outcome: "held",
        control: "singleton",
        triggerId: "t-1",
        ...about,
      }),
    ]);
    const decisions = read();
    expect(decisions.bySignal("signal-1").map(({ outcome }) => outcome)).toEqual(["fired", "held"]);
    expect(decisions.bySignal("nobody")).toEqual([]);
    expect(decisions.byTrigger("t-1").map(({ signalId }) => signalId)).toEqual(["signal-1", "signal-2"]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("keeps what was decided at the last delivery of a signal", () => {
    const log = open();
    log.record([sampleRecord(), sampleRecord({ rule: "other" })]);
    log.record([sampleRecord({ outcome: "fired" })]);
    expect(
      read()
        .bySignal("signal-1")
        .map(({ outcome }) => outcome),
    ).toEqual(["fired"]);
  });

  test("answers what came of a signal's rules up to a moment, newest first", () => {
    const log = open();
    log.inForce(builtInRules());
    for (let n = 0; n < 5; n += 1) log.record([sampleRecord({ signalId: `s-${String(n)}`, atMs: NOW + n })]);
    const found = read().emitting("Q_DREAM_TRIGGER", { atMs: NOW + 3, limit: 2 });
    expect(found.records.map(({ signalId }) => signalId)).toEqual(["s-3", "s-2"]);
    expect(found.rules?.rules.map(({ name }) => name)).toEqual(["promotions-start-dream"]);
    expect(found).toMatchObject({ empty: undefined, logSinceMs: NOW });
  });

  test("answers in the order of what happened, should the wall clock go back", () => {
    const log = open();
    log.record([sampleRecord({ signalId: "before", atMs: NOW + 3 * DAY })]);
    log.record([sampleRecord({ signalId: "after", atMs: NOW })]);
    expect(
      read()
        .emitting("Q_DREAM_TRIGGER")
        .records.map(({ signalId }) => signalId),
    ).toEqual(["after", "before"]);
  });

  test("tells no rule from nothing that was advised", () => {
    const log = open();
    log.inForce(builtInRules());
    expect(read().emitting("Q_RUN_SCANNER").empty).toBe("no_rule");
    expect(read().emitting("Q_DREAM_TRIGGER")).toMatchObject({
      empty: "nothing_advised",
      logSinceMs: NOW,
    });
  });

  test("knows nothing of a time before it, nor of what it forgot", () => {
    const log = open({ rowsMax: 300 });
    log.inForce(builtInRules());
    const before = { atMs: NOW - DAY };
    expect(read().emitting("Q_DREAM_TRIGGER", before).empty).toBe("before_log");
    for (let n = 0; n < 600; n += 1)
      log.record([sampleRecord({ signalId: `s-${String(n)}`, atMs: NOW + n * 1000 })]);
    const { empty, logSinceMs = 0 } = read().emitting("Q_DREAM_TRIGGER", { atMs: NOW + 1000 });
    expect(empty).toBe("before_log");
    expect(logSinceMs).toBeGreaterThan(NOW + 200_000);
  });

  test("remembers which rules were in force, and since when", () => {
    const log = open();
    log.inForce(builtInRules());
    log.inForce({ ...builtInRules(), hash: "other" });
    log.inForce({ ...builtInRules(), hash: "other" });
    expect(read().rules()).toMatchObject({ hash: "other", sinceMs: NOW, source: "built-in rules" });
  });

  test("forgets what is old or too much, in small steps", () => {
    const log = open({ rowsMax: 300 });
    for (let n = 0; n < 200; n += 1) {
      log.record([sampleRecord({ signalId: `old-${String(n)}`, atMs: NOW - 31 * DAY })]);
    }
    for (let n = 0; n < 600; n += 1) log.record([sampleRecord({ signalId: `s-${String(n)}`, atMs: NOW })]);
    const decisions = read();
    expect(decisions.bySignal("old-0")).toEqual([]);
    expect(decisions.bySignal("s-0")).toEqual([]);
    expect(decisions.bySignal("s-599")).toHaveLength(1);
    expect(decisions.emitting("Q_DREAM_TRIGGER", { limit: 1000 }).records.length).toBeLessThanOrEqual(400);
  });

  test("stays within its bytes", () => {
    const log = open({ bytesMax: 1_000_000 });
    const condition = "x".repeat(4000);
    for (let n = 0; n < 800; n += 1) log.record([sampleRecord({ signalId: `s-${String(n)}`, condition })]);
    const { records } = read().emitting("Q_DREAM_TRIGGER", { limit: 1000 });
    expect(JSON.stringify(records).length).toBeLessThan(1_700_000);
    expect(records[0]?.signalId).toBe("s-799");
  });

  test("sets a damaged file aside by name, begins a new one and goes on", () => {
    writeFileSync(path, "this is no database, and longer than a header has to be".repeat(100));
    const log = open();
    log.inForce(builtInRules());
    log.record([sampleRecord()]);
    expect(read().bySignal("signal-1")).toHaveLength(1);
    expect(readdirSync(directory).some((name) => name.startsWith("decisions.db.damaged-2025-11-14"))).toBe(
      true,
    );
    expect(said).toEqual(["the decision log is damaged: set aside, a new one begun"]);
    expect(log.trouble).toBeUndefined();
  });

  test("tells of a file that cannot be written, once, and is well again afterwards", () => {
    path = join(directory, "missing", "decisions.db");
    const log = open();
    log.record([sampleRecord()]);
    log.record([sampleRecord()]);
    expect(log.trouble).toContain("decisions are not kept");
    expect(said).toEqual(["decisions are made and not kept"]);
  });

  test("can be read when the engine is not running", () => {
    const log = open();
    log.record([sampleRecord()]);
    log.close();
    expect(read().bySignal("signal-1")).toHaveLength(1);
  });

  test("says so when there is none", () => {
    expect(() => openDecisions({ decisionLog: path })).toThrow(NoDecisionLogError);
  });
});
