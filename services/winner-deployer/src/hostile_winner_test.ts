/** A winner, a cycle and a `dream.yaml` that were made to do harm: real files, a real shell that reads the result. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { checkValue } from "./allow_list.ts";
import type { Candidate } from "./decide.ts";
import { listWinners } from "./list_winners.ts";
import { openWorkbench, WINNER } from "./testing/workbench.ts";
import type { Workbench, WorkbenchOptions } from "./testing/workbench.ts";

let bench: Workbench;
beforeEach(() => {
  bench = openWorkbench();
});
afterEach(() => bench.remove());
function open(options: WorkbenchOptions): void {
  bench.remove();
  bench = openWorkbench(options);
}

const last = (signals: Awaited<ReturnType<Workbench["cycle"]>>): unknown => signals.at(-1)?.facts;
const quality = (value: string): Candidate => ({ ...WINNER, params: { quality: value } });

/** What a shell has after it read the file. */
function shellValue(name: string): string {
  const script = `. "$1" >/dev/null 2>&1; printf %s "$${name}"`;
  const { stdout } = Bun.spawnSync(["sh", "-c", script, "sh", bench.paths.environmentFile], { env: {} });
  return stdout.toString();
}

describe("a shell that reads the file", () => {
  test.each(["KLR_TTS_QUALITY= low\n", "export KLR_TTS_QUALITY= low\n", "KLR_TTS_QUALITY= \tlow # x\n"])(
    "gets no other key from a value behind blanks: %j",
    async (text) => {
      bench.setEnv(text);
      await bench.cycle([quality("KLR_AUTONOMY_LEVEL=9")]);
      expect(shellValue("KLR_AUTONOMY_LEVEL")).toBe("");
      expect(shellValue("KLR_TTS_QUALITY")).toBe("KLR_AUTONOMY_LEVEL=9");
      await bench.decide("rollback", WINNER);
      expect(bench.env()).toBe(text);
    },
  );

  test.each([
    "A=it's\nKLR_TTS_QUALITY='low'\nB=that's\n",
    "A=it's\nKLR_TTS_QUALITY=low\nB=that's\n",
    'A=5"\nKLR_TTS_QUALITY="low"\nB=6"\n',
    "A='it''s'x's\nKLR_TTS_QUALITY='low'\nB=that's\n",
  ])("is not led out of quotes that it sees open and others do not: %j", async (text) => {
    for (const value of ["; EVIL=9 ;", "' ; EVIL=9 ; '", '" ; EVIL=9 ; "']) {
      bench.setEnv(text);
      expect(shellValue("EVIL")).toBe("");
      const signals = await bench.cycle([{ ...quality(value), hash: value }]);
      expect(shellValue("EVIL")).toBe("");
      expect(String(signals[0]?.facts["error"])).toContain("line 1 has a quote in the middle");
    }
    bench.setEnv(text);
    expect(last(await bench.cycle([quality("high")]))).toMatchObject({ deployed: 1 });
  });

  test("and one that expands variables in any quotes get what was measured, or nothing is written", () => {
    for (const value of ["${HOME}", "$HOME", "$(id)", "`id`", "a\\b"]) {
      expect(checkValue({ key: "K", type: "string" }, value)).toMatchObject({ ok: false });
    }
  });

  test("sees one line a key, whatever ends a line, hides or turns the text", () => {
    const odd = [
      "\n",
      "\r",
      "\0",
      "\u0085",
      "\u2028",
      "\u2029",
      "\ud800",
      "\udc00x",
      "\u202e",
      "\u200b",
      "\ufeff",
    ];
    for (const one of odd) {
      expect(checkValue({ key: "K", type: "string" }, `a${one}b`)).toMatchObject({ ok: false });
    }
    for (const one of ["é", "日本", "🙂", "a b", "it's"]) {
      expect(checkValue({ key: "K", type: "string" }, one)).toMatchObject({ ok: true });
    }
  });
});

test("half of a character, which a file cannot hold, changes nothing", async () => {
  bench.setEnv("KLR_TTS_QUALITY=low\n");
  expect(last(await bench.cycle([quality("a\ud800")]))).toMatchObject({ failed: 1 });
  expect(bench.env()).toBe("KLR_TTS_QUALITY=low\n");
});

test("a metric that could not be measured is no way around its guardrail", async () => {
  bench.setEnv("");
  const signals = await bench.cycle([{ ...WINNER, metrics: { hallucination_rate: null } }]);
  expect(signals[0]?.facts["error"]).toBe("guardrail: metric hallucination_rate is not a number");
});

describe("a cycle is answered once", () => {
  test("with names too long for the plan", async () => {
    bench.setEnv("KLR_TTS_SPEED=1\n");
    const winners = Array.from({ length: 32 }, (_, n) => ({
      ...WINNER,
      experiment: `${"語".repeat(1000)}${n}`,
    }));
    const signals = await bench.cycle(winners);
    const { deployed, failed, held } = last(signals) as Record<string, number>;
    expect((deployed ?? 0) + (failed ?? 0) + (held ?? 0)).toBe(32);
    expect(bench.env()).toBe("KLR_TTS_SPEED=1\n");
  });

  test("with a dream.yaml that is hostile to its reader", async () => {
    bench.setEnv("KLR_TTS_SPEED=1\n");
    const bomb = ["a: &a [x,x]"];
    for (let n = 0; n < 30; n += 1)
      bomb.push(`b${n}: &b${n} [*${n === 0 ? "a" : `b${n - 1}`},*${n === 0 ? "a" : `b${n - 1}`}]`);
    for (const text of [
      "[".repeat(100_000),
      "{a: ".repeat(20_000),
      bomb.join("\n"),
      "\0",
      "experiments: [{name: tts, param_mapping: {__proto__: {speed: PATH}}}]",
      "experiments: &x [*x]\n",
      "!!js/function 'x'\n",
    ]) {
      writeFileSync(bench.paths.dreamConfig, text);
      expect(last(await bench.cycle([WINNER]))).toMatchObject({ deployed: 0, failed: 1 });
    }
  });
});

describe("what is remembered", () => {
  const wide = (n: number): Candidate => ({
    ...WINNER,
    hash: `wide${n}`,
    params: { [`p${n}`]: "語".repeat(15_000) },
  });
  test("stays within what the bus takes, in whatever script it is written", async () => {
    bench.setEnv("");
    for (let n = 0; n < 40; n += 4) await bench.cycle([wide(n), wide(n + 1), wide(n + 2), wide(n + 3)]);
    expect((await listWinners(bench.paths)).length).toBeGreaterThan(5);
  });
  test("and so do another tool's hashes", async () => {
    const deployed_hashes = Array.from({ length: 10_000 }, (_, n) => `${"語".repeat(110)}${n}`);
    writeFileSync(bench.paths.winnerState, JSON.stringify({ deployed_hashes }));
    bench.setEnv("");
    expect(last(await bench.cycle([WINNER]))).toMatchObject({ deployed: 1 });
  });
  test("keeps a person's word, and the way back, however many winners come that lead nowhere", async () => {
    open({ config: { rememberMax: 8 } });
    bench.setEnv("KLR_TTS_SPEED=1\n");
    const bad = { ...WINNER, hash: "bad", params: { speed: 3 } };
    await bench.cycle([{ ...bad, metrics: { hallucination_rate: 1 } }]);
    await bench.decide("reject", bad);
    await bench.cycle([WINNER]);
    for (let n = 0; n < 10; n += 1) await bench.cycle([{ ...WINNER, hash: `junk${n}`, params: { x: n } }]);
    expect(last(await bench.cycle([bad]))).toMatchObject({ skipped: 1, deployed: 0 });
    await bench.decide("rollback", WINNER);
    expect(bench.env()).toBe("KLR_TTS_SPEED=1\n");
    expect(await listWinners(bench.paths)).toHaveLength(8);
  });
});
