import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Envelope } from "@kloros/signal-schema";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { listWinners } from "./list_winners.ts";
import { openWorkbench, WINNER } from "./testing/workbench.ts";
import type { Workbench } from "./testing/workbench.ts";

const ENV = "KLR_TTS_SPEED=1.0\nVLLM_TEMPERATURE=0.7\n";
const AFTER = ENV.replace("1.0", "1.5");
const SECOND = { ...WINNER, experiment: "llm", hash: "00000000000000bb", params: { temperature: 0.2 } };

let bench: Workbench;
beforeEach(() => {
  bench = openWorkbench({ config: { autonomyLevel: 0 } });
  bench.setEnv(ENV);
});
afterEach(() => bench.remove());

const answer = (signals: readonly Envelope[]) => signals.at(-1)?.facts as { outcome: string; reason: string };
const states = async () => (await listWinners(bench.paths)).map(({ state }) => state);

describe("approve", () => {
  test("deploys a held winner and says who said so", async () => {
    await bench.cycle([WINNER]);
    const { experiment, hash } = WINNER;
    const facts = { experiment, hash, decision: "approve", by: "ada", reason: "seen it work" } as const;
    const signals = await bench.deliver(bench.postDecision(facts));
    expect(signals.map(({ signal }) => signal)).toEqual(["Q_WINNER_DEPLOYED", "Q_WINNER_DECIDED"]);
    expect(signals[0]?.facts).toMatchObject({ dream_cycle_id: "1763116200", winners_deployed: 1 });
    expect(signals[1]?.facts).toMatchObject({
      outcome: "done",
      keys: ["KLR_TTS_SPEED"],
      decision_id: signals[1]?.cause,
    });
    expect(bench.env()).toBe(AFTER);
    const [record] = await listWinners(bench.paths);
    expect(record).toMatchObject({
      state: "deployed",
      reason: expect.stringContaining("approved by ada (seen it work)"),
    });
    const ack = join(bench.paths.dreamArtifacts, `promotions_ack/tts_${WINNER.hash}.ack.json`);
    expect(JSON.parse(readFileSync(ack, "utf8"))).toMatchObject({ status: "applied" });
  });

  test("does not lead around guardrails or the allow-list", async () => {
    const unsafe = { ...WINNER, metrics: { hallucination_rate: 0.9 } };
    const unlisted = { ...SECOND, params: { other: 1 } };
    await bench.cycle([unsafe, unlisted]);
    expect(answer(await bench.decide("approve", unsafe)).reason).toContain("guardrail: hallucination_rate");
    expect(answer(await bench.decide("approve", unlisted))).toMatchObject({ outcome: "refused" });
    expect(bench.env()).toBe(ENV);
    expect(await states()).toEqual(["blocked", "blocked"]);
  });

  test("that fails its validation is refused, told, and can be said again", async () => {
    const strict = openWorkbench({
      root: bench.root,
      config: { autonomyLevel: 0, validationCommand: ["false"] },
    });
    await strict.cycle([WINNER]);
    const signals = await strict.decide("approve", WINNER);
    expect(signals.map(({ signal }) => signal)).toEqual(["Q_DEPLOYMENT_FAILED", "Q_WINNER_DECIDED"]);
    expect(answer(signals)).toMatchObject({ outcome: "refused" });
    expect(bench.env()).toBe(ENV);
    expect(await states()).toEqual(["failed"]);
    const mild = openWorkbench({ root: bench.root, config: { autonomyLevel: 0 } });
    expect(answer(await mild.decide("approve", WINNER))).toMatchObject({ outcome: "done" });
  });

  test("of a deployed or an unknown winner is refused with what there is", async () => {
    expect(answer(await bench.decide("approve", WINNER)).reason).toContain("no winner is remembered");
    await bench.cycle([WINNER]);
    await bench.decide("approve", WINNER);
    expect(answer(await bench.decide("approve", WINNER)).reason).toContain("deployed already");
    const reason = `no winner tts:00 is remembered; there is tts:${WINNER.hash} (deployed)`;
    expect(answer(await bench.decide("approve", { ...WINNER, hash: "00" }))).toMatchObject({
      outcome: "refused",
      reason,
    });
  });
});

describe("reject", () => {
  test("keeps a winner from ever being deployed, until it is approved", async () => {
    await bench.cycle([WINNER]);
    expect(answer(await bench.decide("reject", WINNER))).toMatchObject({ outcome: "done" });
    const free = openWorkbench({ root: bench.root, config: { autonomyLevel: 2 } });
    expect((await free.cycle([WINNER])).at(-1)?.facts).toMatchObject({ skipped: 1 });
    expect(bench.env()).toBe(ENV);
    expect(answer(await free.decide("approve", WINNER))).toMatchObject({ outcome: "done" });
    expect(bench.env()).toBe(AFTER);
    expect(answer(await free.decide("reject", WINNER)).reason).toContain("roll it back");
  });
});

describe("rollback", () => {
  beforeEach(async () => {
    await bench.cycle([WINNER, SECOND]);
    await bench.decide("approve", WINNER);
  });

  test("restores the file byte for byte; the winner is not deployed again by itself", async () => {
    expect(answer(await bench.decide("rollback", WINNER))).toMatchObject({
      outcome: "done",
      keys: ["KLR_TTS_SPEED"],
    });
    expect(bench.env()).toBe(ENV);
    const free = openWorkbench({ root: bench.root, config: { autonomyLevel: 2 } });
    expect((await free.cycle([WINNER])).at(-1)?.facts).toMatchObject({ skipped: 1 });
    expect(bench.env()).toBe(ENV);
    expect(answer(await free.decide("rollback", WINNER)).reason).toContain("it is not deployed: rolled_back");
    expect(answer(await free.decide("approve", WINNER))).toMatchObject({ outcome: "done" });
    expect(bench.env()).toBe(AFTER);
  });

  test("restores its own keys beside later changes", async () => {
    await bench.decide("approve", SECOND);
    bench.setEnv(`# new\n${bench.env()}`);
    expect(answer(await bench.decide("rollback", WINNER)).outcome).toBe("done");
    expect(bench.env()).toBe("# new\nKLR_TTS_SPEED=1.0\nVLLM_TEMPERATURE=0.2\n");
  });

  test("is refused when one of its keys was set since, and names it", async () => {
    bench.setEnv("KLR_TTS_SPEED=3\n");
    const { outcome, reason } = answer(await bench.decide("rollback", WINNER));
    expect(outcome).toBe("refused");
    expect(reason).toContain("KLR_TTS_SPEED");
    expect(bench.env()).toBe("KLR_TTS_SPEED=3\n");
    expect(await states()).toEqual(["held", "deployed"]);
  });

  test("of a held winner is refused", async () => {
    expect(answer(await bench.decide("rollback", SECOND)).reason).toContain("it is not deployed: held");
  });
});

describe("a winner that another one replaced", () => {
  const FASTER = { ...WINNER, hash: "00000000000000bb", params: { speed: 2 } };
  const value = () => /SPEED=(.*)/.exec(bench.env())?.[1];

  test("is deployed again when it wins again, and each can be taken back down to the beginning", async () => {
    const free = openWorkbench({ root: bench.root, config: { autonomyLevel: 2 } });
    rmSync(bench.paths.environmentFile);
    for (const winner of [WINNER, FASTER, WINNER, FASTER]) {
      expect((await free.cycle([winner])).at(-1)?.facts).toMatchObject({ deployed: 1 });
    }
    expect(await listWinners(bench.paths)).toMatchObject([
      {
        state: "replaced",
        reason: `replaced by tts:${FASTER.hash}, which set KLR_TTS_SPEED to another value`,
      },
      { state: "deployed", keys: [{ old: "1.5", new: "2" }] },
    ]);
    const ack = join(bench.paths.dreamArtifacts, `promotions_ack/tts_${WINNER.hash}.ack.json`);
    expect(JSON.parse(readFileSync(ack, "utf8"))).toMatchObject({ status: "blocked" });

    const early = answer(await free.decide("rollback", WINNER));
    expect(early).toMatchObject({ outcome: "refused" });
    expect(early.reason).toContain(`tts:${FASTER.hash} set KLR_TTS_SPEED after it; take that back first`);
    expect(value()).toBe("2");

    const first = answer(await free.decide("rollback", FASTER));
    expect(first).toMatchObject({ outcome: "done" });
    expect(first.reason).toContain(`deployed again: tts:${WINNER.hash}`);
    expect(value()).toBe("1.5");
    expect(await states()).toEqual(["deployed", "rolled_back"]);
    expect(JSON.parse(readFileSync(ack, "utf8"))).toMatchObject({ status: "applied" });
    expect((await free.cycle([WINNER])).at(-1)?.facts).toMatchObject({ skipped: 1 });

    expect(answer(await free.decide("rollback", WINNER))).toMatchObject({ outcome: "done" });
    expect(existsSync(bench.paths.environmentFile)).toBe(false);
  });

  test("can be rejected, and then the rollback of the other one does not bring it back", async () => {
    await bench.cycle([WINNER, FASTER]);
    await bench.decide("approve", WINNER);
    await bench.decide("approve", FASTER);
    expect(answer(await bench.decide("reject", WINNER))).toMatchObject({ outcome: "done" });
    await bench.decide("rollback", FASTER);
    expect(bench.env()).toBe(ENV);
    expect(await states()).toEqual(["rejected", "rolled_back"]);
  });
});
