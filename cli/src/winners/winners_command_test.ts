/** `kloros winners` as a process against a real bus, with a deployer that says what the test wants. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Consumption, type Handler, TerminalError } from "@kloros/bus-client";
import { createChild, type FactsOf, WinnerDecided, type WinnerDecision } from "@kloros/signal-schema";
import type { WinnerRecord } from "@kloros/winner-deployer";
import { TestInstallation } from "../testing/real_bus.ts";
import { HELD_WINNER, writeWinners } from "../testing/sample_winners.ts";

let place: TestInstallation;
const ID = HELD_WINNER.id;

beforeAll(async () => {
  place = new TestInstallation();
  writeWinners(place.paths, [HELD_WINNER, ODD]);
  await place.startBus();
}, 60_000);
afterAll(() => place.remove());

/** An experiment is named as its file is. */
const ODD: WinnerRecord = {
  ...HELD_WINNER,
  id: "it's;touch gone:ab",
  experiment: "it's;touch gone",
  hash: "ab",
  state: "failed",
};

const decided: FactsOf<typeof WinnerDecision>[] = [];

/** Answers decisions until it is stopped. */
async function deployer(handler: Handler): Promise<() => Promise<void>> {
  const bus = place.connect("winner-deployer");
  const options = {
    name: "winner-deployer",
    signals: ["Q_WINNER_DECISION"],
    start: { from: "earliest" },
    attemptsMax: 1,
  } as const;
  const consumption: Consumption = await bus.consume(options, handler);
  return async () => {
    await consumption.drain(1000);
    await bus.close();
  };
}

const answering =
  (outcome: "done" | "refused", reason: string): Handler =>
  ({ signal }) => {
    const facts = signal.facts as FactsOf<typeof WinnerDecision>;
    decided.push(facts);
    const { experiment, hash, decision } = facts;
    const said = {
      decision_id: signal.id,
      experiment,
      hash,
      decision,
      outcome,
      reason,
      keys: ["KLR_RAG_TOP_K"],
    };
    const options = { source: "winner-deployer", consumer: "winner-deployer", nowMs: Date.now() };
    return Promise.resolve({ emit: [createChild(signal, WinnerDecided, said, options)] });
  };

describe("winners", () => {
  test("are listed, by state, and shown whole", async () => {
    const { out, err } = await place.kloros("winners", "list");
    expect(out).toMatch(/rag_opt:e73f10497a0b86c7 +held +\d+ d ago +0.83 +KLR_RAG_TOP_K=5 +autonomy level 0/);
    expect(err).toBe("");
    expect(await place.json("winners", "list", "--state", "deployed")).toEqual([]);
    expect(await place.kloros("winners", "list", "--state", "gone")).toMatchObject({ code: 2 });
    const shown = await place.kloros("winners", "show", "rag_opt");
    expect(shown.out).toMatch(/next +kloros winners approve rag_opt:e73f10497a0b86c7/);
    expect(shown.out).toMatch(/KLR_RAG_TOP_K +4 +5/);
    expect(await place.json("winners", "show", "e73f")).toEqual(HELD_WINNER);
    expect(await place.kloros("winners", "show", "nothing")).toMatchObject({ code: 1, out: "" });
  });

  test("have next steps that a shell takes as one winner, whatever it is named", async () => {
    const shown = await place.kloros("winners", "show", "ab");
    const step = /next +(kloros winners approve .*)/.exec(shown.out)?.[1] ?? "";
    const script = `kloros() { printf '%s\n' "$3"; }; ${step}`;
    expect(Bun.spawnSync(["sh", "-c", script]).stdout.toString()).toBe(`${ODD.id}\n`);
  });

  test("without a deployer the decision is kept, and that is said", async () => {
    const ran = await place.kloros("winners", "reject", "rag_opt", "--wait", "100ms");
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toContain("winner-deployer takes nothing now");
    expect(ran.err).toContain("the decision is kept and carried out as soon as it does");
    expect(await place.kloros("winners", "reject", "rag_opt", "--no-wait")).toMatchObject({ code: 0 });
  });

  test("a deployer that was told to rest is not waited for", async () => {
    await place.kloros("maintenance", "on", "--reason", "a look");
    const ran = await place.kloros("winners", "reject", "rag_opt");
    await place.kloros("maintenance", "off");
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toMatch(
      /maintenance mode is on by \S+: a look .*the decision is kept and carried out afterwards/,
    );
  });

  test("what the deployer did is told; the decision says who and why", async () => {
    const stop = await deployer(answering("done", "deployed"));
    const ran = await place.kloros("winners", "approve", "rag_opt:e7", "--reason", "seen it work");
    expect(ran).toMatchObject({ code: 0, err: "", out: `${ID}: approve done: deployed (KLR_RAG_TOP_K)\n` });
    expect(decided.map(({ decision }) => decision)).toEqual(["reject", "reject", "reject", "approve"]);
    expect(decided[3]).toMatchObject({
      decision: "approve",
      reason: "seen it work",
      by: expect.stringMatching(/./),
    });
    await stop();
  });

  test("a refusal ends with 1", async () => {
    const stop = await deployer(answering("refused", "it is not deployed"));
    const ran = await place.kloros("winners", "rollback", ID);
    expect(ran).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("rollback refused: it is not deployed"),
    });
    expect(await place.json("winners", "rollback", ID)).toMatchObject({
      winner: ID,
      decided: { outcome: "refused" },
      waiting: null,
    });
    await stop();
  });

  test("a decision that the deployer gave up is told as such", async () => {
    const stop = await deployer(() =>
      Promise.reject(new TerminalError("broken", "the disk is made of cheese")),
    );
    const ran = await place.kloros("winners", "approve", ID, "--wait", "1h");
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toMatch(/gave it up: .*the disk is made of cheese; kloros dlq list/);
    await stop();
  });
});
