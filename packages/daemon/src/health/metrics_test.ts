import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DURATION_BUCKETS_S, Metrics, SERIES_MAX } from "./metrics.ts";

/** The grammar of the text format, a line at a time. */
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`;
const LINE = new RegExp(
  String.raw`^(?:# (?:HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+|[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{${LABEL}(?:,${LABEL})*\})? (?:[-+]?[\d.e+-]+|NaN|[+-]Inf))$`,
);

describe("Metrics", () => {
  test("renders HELP and TYPE once, then every series", () => {
    const metrics = new Metrics();
    metrics.describe("seen_total", "counter", "What was seen.");
    metrics.count("seen_total", { signal: "Q_A" });
    metrics.count("seen_total", { signal: "Q_A" }, 2);
    metrics.count("seen_total", { signal: "Q_B" });
    metrics.gauge("depth", 1.5);
    expect(metrics.render()).toBe(
      "# HELP kloros_depth kloros depth\n# TYPE kloros_depth gauge\nkloros_depth 1.5\n" +
        "# HELP kloros_seen_total What was seen.\n# TYPE kloros_seen_total counter\n" +
        'kloros_seen_total{signal="Q_A"} 3\nkloros_seen_total{signal="Q_B"} 1\n',
    );
  });

  test("a histogram is cumulative and ends with +Inf, sum and count", () => {
    const metrics = new Metrics();
    for (const value of [0.0005, 0.05, 9999]) metrics.observe("took_seconds", value);
    const text = metrics.render();
    expect(text).toContain('kloros_took_seconds_bucket{le="0.001"} 1\n');
    expect(text).toContain('kloros_took_seconds_bucket{le="0.1"} 2\n');
    expect(text).toContain(`kloros_took_seconds_bucket{le="${String(DURATION_BUCKETS_S.at(-1))}"} 2\n`);
    expect(text).toContain('kloros_took_seconds_bucket{le="+Inf"} 3\n');
    expect(text).toContain("kloros_took_seconds_count 3\n");
  });

  test("whatever the label's value, every line fits the format and the value survives", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.double(), (label, value) => {
        const metrics = new Metrics();
        metrics.gauge("g", value, { label });
        const lines = metrics.render().trimEnd().split("\n");
        for (const line of lines) expect(line).toMatch(LINE);
        const written = /label="((?:[^"\\]|\\.)*)"/s.exec(lines[2] ?? "")?.[1] ?? "";
        const unescaped = written.replaceAll(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
        expect(unescaped).toBe(label);
      }),
    );
  });

  test("the order of labels does not matter, their number is bounded", () => {
    const metrics = new Metrics();
    metrics.count("c", { a: "1", b: "2" });
    metrics.count("c", { b: "2", a: "1" });
    expect(metrics.value("c", { a: "1", b: "2" })).toBe(2);
    for (let i = 0; i < SERIES_MAX + 50; i += 1) metrics.count("many", { i: String(i) });
    expect(metrics.value("many", { i: "other" })).toBe(50);
  });

  test("misuse is refused with a reason", () => {
    const metrics = new Metrics();
    metrics.count("c");
    expect(() => metrics.gauge("c", 1)).toThrow("is a counter");
    expect(() => metrics.count("c", {}, -1)).toThrow("only grows");
    expect(() => metrics.count("bad name")).toThrow("no metric name");
    expect(() => metrics.count("d", { le: "1" })).toThrow("no label name");
  });
});
