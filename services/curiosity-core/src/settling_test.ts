import { expect, test } from "bun:test";
import type { Finding } from "./finding.ts";
import { Settling } from "./settling.ts";

const NOW = 1_763_116_200_000;
const finding = (changedMs: number, pyFiles = 1): Finding => ({
  name: "audio",
  path: "/src/audio",
  hasInit: true,
  pyFiles,
  hasReadme: false,
  changedMs,
});

test("what was old when it was first seen is settled at once and restful", () => {
  const settling = new Settling(250);
  const old = finding(NOW - 60_000);
  settling.observe([old], { wallMs: NOW, monotonicMs: 0 });
  expect(settling.isSettled(old)).toBe(true);
  expect(settling.isRestless(old)).toBe(false);
});

test("what changes is settled when it has looked the same for the time given", () => {
  const settling = new Settling(250);
  const steps: [number, Finding, boolean][] = [
    [0, finding(NOW, 1), false],
    [200, finding(NOW + 200, 2), false],
    [400, finding(NOW + 200, 2), false],
    [450, finding(NOW + 200, 2), true],
  ];
  for (const [ms, now, settled] of steps) {
    settling.observe([now], { wallMs: NOW + ms, monotonicMs: ms });
    expect(settling.isSettled(now)).toBe(settled);
    expect(settling.isRestless(now)).toBe(true);
  }
});

test("a clock that stands in the past delays a module, and forbids it nothing", () => {
  const settling = new Settling(250);
  const future = finding(NOW + 86_400_000);
  settling.observe([future], { wallMs: NOW, monotonicMs: 0 });
  expect(settling.isSettled(future)).toBe(false);
  settling.observe([future], { wallMs: NOW, monotonicMs: 250 });
  expect(settling.isSettled(future)).toBe(true);
  settling.observe([future], { wallMs: NOW, monotonicMs: 3000 });
  expect(settling.isRestless(future)).toBe(false);
});

test("what was never observed is not settled", () => {
  expect(new Settling(0).isSettled(finding(0))).toBe(false);
});
