/** From a cycle's winner to the live configuration and back, decided by the operator's command; bus and deployer are real. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRoot, DreamComplete, DreamTrigger } from "@kloros/signal-schema";
import { childOf } from "../testing/sample_signals.ts";
import { TestInstallation } from "../testing/real_bus.ts";

const MAIN = join(import.meta.dir, "../../../services/winner-deployer/src/main.ts");
const ID = "rag_opt:e73f10497a0b86c7";
let place: TestInstallation;
let deployer: Bun.Subprocess;

beforeAll(async () => {
  place = new TestInstallation();
  writeFileSync(place.paths.environmentFile, BEFORE);
  await place.startBus();
  deployer = Bun.spawn([process.execPath, MAIN, "--home", place.home, "--set", "kloros.logLevel=warn"], {
    env: { PATH: process.env["PATH"] ?? "" },
    stdio: ["ignore", "ignore", "inherit"],
  });
}, 60_000);
afterAll(async () => {
  deployer.kill();
  await deployer.exited;
  await place.remove();
});

const BEFORE = "# live\nVLLM_TEMPERATURE=0.7\n";
const trigger = createRoot(DreamTrigger, DreamTrigger.examples[0]!, {
  source: "policy-engine",
  nowMs: Date.now(),
});
const won = {
  ...DreamComplete.examples[0]!,
  winners: [
    {
      experiment: "rag_opt",
      hash: "e73f10497a0b86c7",
      fitness: 0.83,
      params: { temperature: 0.5 },
      metrics: { context_precision: 0.71 },
    },
  ],
};

/** Resolves when what `kloros` prints has it. */
async function says(args: readonly string[], text: string): Promise<string> {
  for (const end = performance.now() + 15_000; ; await Bun.sleep(50)) {
    const { out, err } = await place.kloros(...args);
    if (out.includes(text)) return out;
    if (performance.now() > end) throw new Error(`${args.join(" ")} never said "${text}": ${out}${err}`);
  }
}

// Two dozen programs one after the other: each takes a second where others keep the machine busy.
test("a winner is held, approved, deployed, explained and taken back", async () => {
  await place.publish(trigger);
  await place.publish({ ...childOf(trigger, DreamComplete, Date.now()), facts: won });
  await says(["winners", "list"], "held");
  const held = await place.kloros("why-not", "Q_WINNER_DEPLOYED");
  expect(held.out).toMatch(/it answered not that but Q_DEPLOYMENT_COMPLETE: .*1 held/);
  expect(held.out).toContain(`${ID} is held since`);
  expect((await place.kloros("status")).out).toContain(
    `1 winner held for approval: kloros winners approve ${ID}`,
  );

  const approved = await place.kloros("winners", "approve", "rag_opt", "--reason", "seen it work");
  expect(approved).toMatchObject({ code: 0, err: "", out: expect.stringContaining("approve done") });
  expect(readFileSync(place.paths.environmentFile, "utf8")).toContain("VLLM_TEMPERATURE=0.5");
  const [{ seq }] = (await events("Q_WINNER_DECIDED")) as [{ seq: number }];
  const why = await place.kloros("why", String(seq));
  expect(why.out).toMatch(
    /because of Q_WINNER_DECISION[^]*in the person's words: seen it work[^]*a person said it/,
  );

  expect(await place.kloros("winners", "approve", "rag_opt")).toMatchObject({ code: 1 });
  expect(await place.kloros("winners", "rollback", "rag_opt")).toMatchObject({ code: 0 });
  expect(readFileSync(place.paths.environmentFile, "utf8")).toBe(BEFORE);
}, 60_000);

async function events(signal: string): Promise<readonly unknown[]> {
  const { out } = await place.kloros("tail", "--no-follow", "--signal", signal, "--json");
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}
