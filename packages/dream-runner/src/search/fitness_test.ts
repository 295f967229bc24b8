import { expect, test } from "bun:test";
import { scoreMetrics } from "./fitness.ts";

const objectives = [
  { metric: "score", weight: 2 },
  { metric: "latency_ms", weight: -1 },
];

test("the fitness is the weighted sum; other metrics are kept and do not count", () => {
  const score = scoreMetrics({ score: 3, latency_ms: 1.5, other: 9 }, { objectives, metricMap: {} });
  expect(score).toEqual({ ok: true, fitness: 4.5, metrics: { score: 3, latency_ms: 1.5, other: 9 } });
});

test.each([
  [{ lat: "latency_ms" }, "as evaluator's name: name here"],
  [{ latency_ms: "lat" }, "the other way round"],
])("metrics are renamed by %p (%s)", (metricMap) => {
  const score = scoreMetrics({ score: 1, lat: 1 }, { objectives, metricMap });
  expect(score).toEqual({ ok: true, fitness: 1, metrics: { score: 1, latency_ms: 1 } });
});

test.each([
  [{ score: Number.NaN, latency_ms: 1 }, "metric score is NaN"],
  [{ score: 1, latency_ms: 1, other: Number.POSITIVE_INFINITY }, "metric other is Infinity"],
  [{ score: 1 }, "metric latency_ms was not measured (numbers there are: score)"],
  [{}, "metric score was not measured (numbers there are: none)"],
  [{ score: 1e308, latency_ms: -1e308 }, "the fitness is Infinity"],
])("%p is a failed candidate: %s", (metrics, error) => {
  expect(scoreMetrics(metrics, { objectives, metricMap: {} })).toMatchObject({ ok: false, error });
});
