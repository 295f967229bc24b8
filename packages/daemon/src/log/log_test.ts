import { fstatSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { createRoot, CuriosityInvestigate, type Envelope } from "@kloros/signal-schema";
import { recordingLog } from "../testing.ts";
import { chooseFormat, createLineWriter, createLog, goesToJournal } from "./create_log.ts";
import { prettyLine } from "./pretty_line.ts";
import { createSignalLog } from "./signal_log.ts";

function signal(): Envelope {
  const [facts] = CuriosityInvestigate.examples;
  if (facts === undefined) throw new Error("no example");
  return createRoot(CuriosityInvestigate, facts, { source: "curiosity-core", nowMs: 0 });
}

describe("createLog()", () => {
  test("writes one JSON line with service, level and UTC time, secrets redacted", () => {
    const lines: string[] = [];
    const log = createLog({ service: "x", level: "info", format: "json", write: (line) => lines.push(line) });
    log.info({ apiKey: "hush", n: 1 }, "hello");
    log.debug({}, "not at info");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: "info",
      service: "x",
      msg: "hello",
      apiKey: "[redacted]",
      n: 1,
    });
    expect(lines[0]).toMatch(/"time":"\d{4}-\d\d-\d\dT[\d:.]+Z"/);
    expect(lines[0]?.endsWith("\n")).toBe(true);
  });

  test("shows no password of a URL: not in the message, not in an error's stack", () => {
    const { log, records } = recordingLog("x");
    const error = new Error("cannot reach nats://joe:hush@host");
    log.error({ error }, `cannot go on: ${error.message}`);
    expect(JSON.stringify(records)).toContain("nats://joe:[redacted]@host");
    expect(JSON.stringify(records)).not.toContain("hush");
  });

  test("writes lines for people in the pretty format", () => {
    const lines: string[] = [];
    const log = createLog({
      service: "x",
      level: "info",
      format: "pretty",
      write: (line) => lines.push(line),
    });
    log.warn({ why: "two words" }, "careful");
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}x: careful why="two words"\n$/);
  });

  test("begins each line with its priority where the journal reads it", () => {
    const lines: string[] = [];
    const log = createLog({
      service: "x",
      level: "trace",
      format: "json",
      priorities: true,
      write: (line) => lines.push(line),
    });
    log.fatal({}, "f");
    log.error({}, "e");
    log.warn({}, "w");
    log.info({}, "i");
    log.setLevel("error");
    log.info({}, "not any more");
    expect(lines.map((line) => line.slice(0, 4))).toEqual(["<2>{", "<3>{", "<4>{", "<6>{"]);
  });

  test("knows the journal by the file that systemd named", () => {
    const { dev, ino } = fstatSync(1);
    expect(goesToJournal({ JOURNAL_STREAM: `${dev}:${ino}` })).toBe(true);
    expect(goesToJournal({ JOURNAL_STREAM: `${dev}:1` })).toBe(false);
    expect(goesToJournal({})).toBe(false);
  });

  test("is pretty on a terminal only, unless told", () => {
    expect([chooseFormat("auto", true), chooseFormat("auto", false), chooseFormat("json", true)]).toEqual([
      "pretty",
      "json",
      "json",
    ]);
  });
});

describe("createLineWriter()", () => {
  test("waits once for a reader that stands still, then loses lines, and ends the half one when it goes on", () => {
    let room = 3;
    let took = "";
    let attempts = 0;
    const write = createLineWriter((bytes, offset) => {
      attempts += 1;
      if (room === 0) throw Object.assign(new Error("full"), { code: "EAGAIN" });
      const some = bytes.subarray(offset, offset + room);
      room -= some.length;
      took += Buffer.from(some).toString();
      return some.length;
    });
    write("first\n");
    attempts = 0;
    for (let n = 0; n < 100; n += 1) write("lost\n");
    expect(attempts).toBe(100);
    room = 100;
    write("next\n");
    expect(took).toBe("fir\nnext\n");
  });
});

describe("prettyLine()", () => {
  test("shows an error's message in the line and its stack below", () => {
    const line = prettyLine(
      {
        level: "error",
        time: "2026-01-01T01:02:03.004Z",
        msg: "m",
        error: { message: "bad", stack: "Error: bad\n  at x" },
      },
      true,
    );
    expect(line).toContain('error="bad"\n  at x\n');
    expect(line).toContain("\u001b[31mERROR");
  });
});

describe("createSignalLog()", () => {
  function over(linesMax: number) {
    const time = { now: 0 };
    const clock = { wallMs: () => time.now, monotonicMs: () => time.now };
    const { log, records } = recordingLog("x");
    return { time, records, signals: createSignalLog({ log, clock, linesMax }) };
  }
  const at = (records: readonly object[], level: string) =>
    records.filter((one) => "level" in one && one.level === level);

  test("a line has signal, id, trace and the given fields; the body comes at debug", () => {
    const { records, signals } = over(10);
    const one = signal();
    signals.line("received", one, { attempt: 2 });
    expect(at(records, "info")[0]).toMatchObject({
      msg: "received",
      signal: one.signal,
      id: one.id,
      trace: one.id,
      attempt: 2,
    });
    expect(at(records, "info")[0]).not.toHaveProperty("facts");
    expect(at(records, "debug")[0]).toMatchObject({ facts: one.facts });
  });

  test("beyond the rate lines are counted and summed up when the second is over", () => {
    const { time, records, signals } = over(3);
    for (let i = 0; i < 10; i += 1) signals.line(i % 2 === 0 ? "received" : "settled", signal());
    expect(at(records, "info")).toHaveLength(3);
    time.now = 1000;
    signals.line("received", signal());
    const info = at(records, "info");
    expect(info).toHaveLength(5);
    expect(info[3]).toMatchObject({
      skipped: 7,
      by: { "received Q_CURIOSITY_INVESTIGATE": 3, "settled Q_CURIOSITY_INVESTIGATE": 4 },
    });
  });

  test("flush() leaves nothing uncounted", () => {
    const { records, signals } = over(1);
    signals.line("received", signal());
    signals.line("received", signal());
    signals.flush();
    signals.flush();
    expect(at(records, "info")).toHaveLength(2);
    expect(at(records, "info")[1]).toMatchObject({ skipped: 1 });
  });
});
