/** `kloros dlq` as its operator runs it, against a real bus in a process of its own. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bus, TerminalError } from "@kloros/bus-client";
import type { DeadLetter } from "@kloros/journal";
import { question } from "../testing/sample_signals.ts";
import { type Ran, TestInstallation } from "../testing/real_bus.ts";

const WORKER = "investigation-consumer";

let place: TestInstallation;
let router: Bus;
/** Questions that the worker does not give up any more. */
const answered: string[] = [];
let working = false;

beforeAll(async () => {
  place = new TestInstallation();
  await place.startBus();
  router = place.connect("intent-router");
  const spec = { name: WORKER, signals: ["Q_CURIOSITY_INVESTIGATE"], start: { from: "earliest" } } as const;
  await place.connect(WORKER).consume(spec, async ({ signal }) => {
    const asked = String(signal.facts["question"]);
    if (!working && !asked.startsWith("mended"))
      throw new TerminalError("no_module", `no module after ${asked.length} tries`);
    answered.push(asked);
    return undefined;
  });
}, 60_000);
afterAll(() => place.remove());

async function letters(...args: readonly string[]): Promise<readonly DeadLetter[]> {
  return (await place.json("dlq", "list", ...args)) as readonly DeadLetter[];
}

async function waitFor(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 15_000; !(await condition()); await Bun.sleep(10)) {
    if (performance.now() > end) throw new Error("waited in vain");
  }
}

/** Publishes questions that are given up; gives the numbers of their dead letters. */
async function giveUp(count: number): Promise<readonly number[]> {
  const before = new Set((await letters("--all")).map(({ n }) => n));
  const questions = Array.from({ length: count }, (_, i) =>
    question(`subject-${before.size}-${i}`, Date.now()),
  );
  await place.publish(...questions);
  let fresh: readonly number[] = [];
  await waitFor(async () => {
    fresh = (await letters("-n", "1000")).map(({ n }) => n).filter((n) => !before.has(n));
    return fresh.length === count;
  });
  return fresh;
}

async function reject(name: string, content: string): Promise<number> {
  await router.admin("rejectContent", {
    id: crypto.randomUUID(),
    error: "not JSON",
    content,
    fields: { intent_file: name },
  });
  return (await letters("--reason", "invalid")).at(-1)?.n ?? 0;
}

const kloros = (...args: readonly string[]): Promise<Ran> => place.kloros("dlq", ...args);

test("list filters and sums up", async () => {
  await giveUp(3);
  expect(await letters("--consumer", WORKER, "--reason", "terminal")).toHaveLength(3);
  expect(await letters("--consumer", "nobody")).toEqual([]);
  expect(await letters("--before", "1h")).toEqual([]);
  expect(await letters("--since", "1h", "--signal", "Q_CURIOSITY_INVESTIGATE", "-n", "2")).toHaveLength(2);
  expect(await place.json("dlq", "list", "--group")).toMatchObject([
    {
      count: 3,
      consumer: WORKER,
      reason: "terminal",
      error: expect.stringContaining("no module after <n> tries"),
    },
  ]);
  expect((await kloros("list", "--group")).out).toMatch(/COUNT[^]*3 .*no module after <n> tries/);
  expect((await kloros("list")).out).toContain("Q_CURIOSITY_INVESTIGATE");
  expect(await kloros("list", "--reason", "nonsense")).toMatchObject({ code: 2 });
});

describe("edit", () => {
  test("checks, then retries with other facts, once", async () => {
    const [n = 0] = await giveUp(1);
    const { signal } = (await place.json("dlq", "show", String(n))) as { signal: { facts: object } };
    const mended = JSON.stringify({ ...signal.facts, question: "mended by hand" });
    expect(await kloros("edit", String(n), "--facts", "{}")).toMatchObject({
      code: 1,
      err: expect.stringContaining("not valid"),
    });
    expect(await kloros("edit", String(n), "--facts", mended, "--dry-run")).toMatchObject({ code: 0 });
    expect(answered).not.toContain("mended by hand");
    expect(await kloros("edit", String(n), "--facts", mended)).toMatchObject({ code: 0 });
    await waitFor(() => answered.includes("mended by hand"));
    expect(await kloros("edit", String(n), "--facts", mended)).toMatchObject({
      code: 1,
      err: expect.stringContaining("edited and retried already"),
    });
    expect((await kloros("show", String(n))).out).toMatch(/edited[^]*edited_as/);
  });

  test("opens an editor; what the bus refuses is kept", async () => {
    const [n = 0] = await giveUp(1);
    const editor = join(place.home, "editor.sh");
    const edit = async (script: string): Promise<Ran> => {
      writeFileSync(editor, `#!/bin/sh\n${script}\n`);
      chmodSync(editor, 0o755);
      const child = place.start(["dlq", "edit", String(n)], { EDITOR: editor });
      await child.stdin.end();
      const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
      return { out, err, code };
    };
    expect(await edit("true")).toMatchObject({
      code: 1,
      err: expect.stringContaining("nothing was changed"),
    });
    expect(await edit("exit 3")).toMatchObject({ code: 1, err: expect.stringContaining("ended with 3") });
    const refused = await edit(`echo '{}' > "$1"`);
    const kept = /--facts @(\S+)/.exec(refused.err)?.[1] ?? "";
    expect(readFileSync(kept, "utf8")).toBe("{}\n");
    expect(await edit(`sed -i 's/"question": ".*"/"question": "mended in an editor"/' "$1"`)).toMatchObject({
      code: 0,
    });
    await waitFor(() => answered.includes("mended in an editor"));
  });
});

describe("in bulk", () => {
  test("a dry run changes nothing; a filter or a number is needed", async () => {
    const before = await letters();
    expect(await kloros("retry", "--consumer", WORKER, "--dry-run")).toMatchObject({
      code: 0,
      err: expect.stringContaining(`${before.length} dead letters would be retried; nothing was done`),
    });
    expect(await kloros("retry")).toMatchObject({ code: 2 });
    expect(await letters()).toEqual(before);
  });

  test("retry goes at the rate, shows how it goes on, and puts each back once", async () => {
    await giveUp(30);
    working = true;
    const count = (await letters()).length;
    const from = performance.now();
    const ran = await kloros("retry", "--signal", "Q_CURIOSITY_INVESTIGATE", "--rate", "40");
    expect(ran).toMatchObject({ code: 0, out: `${count} of ${count} retried\n` });
    expect(performance.now() - from).toBeGreaterThan((count - 1) * 25);
    expect(ran.err).toContain("█");
    await waitFor(() => answered.length >= count);
    expect(await kloros("retry", "--signal", "Q_CURIOSITY_INVESTIGATE")).toMatchObject({ code: 1 });
    working = false;
  }, 60_000);

  test("Ctrl-C ends it between two, and says how many are left", async () => {
    const [first = 0] = await giveUp(20);
    const child = place.start(["dlq", "retry", "--consumer", WORKER, "--rate", "1"]);
    await waitFor(async () => !(await letters()).some(({ n }) => n === first));
    child.kill("SIGINT");
    const [err, code] = await Promise.all([child.stderr.text(), child.exited]);
    expect({ code, err }).toMatchObject({
      code: 130,
      err: expect.stringMatching(/stopped before \d+ of them/),
    });
    await place.kloros("dlq", "drop", "--consumer", WORKER, "--yes");
  });

  test("drop wants a yes for a filter", async () => {
    const [n = 0, ...others] = await giveUp(3);
    expect(await kloros("drop", String(n))).toMatchObject({ code: 0 });
    expect(await kloros("drop", "--consumer", WORKER)).toMatchObject({
      code: 1,
      err: expect.stringContaining("--yes"),
    });
    expect(await place.json("dlq", "drop", "--consumer", WORKER, "--yes")).toEqual(
      others.map((other) => ({ n: other, dropped: true, text: `dead letter ${other} was dropped` })),
    );
    expect(await letters("--consumer", WORKER)).toEqual([]);
  });
});

describe("resubmit", () => {
  test("gives a rejected file to the router again, as it was or with other content", async () => {
    const n = await reject("a.json", "{oops");
    expect(await kloros("resubmit", String(n), "--content", "{still")).toMatchObject({ code: 2 });
    expect(await kloros("resubmit", String(n))).toMatchObject({ code: 0 });
    expect(readFileSync(join(place.paths.intents, "a.json"), "utf8")).toBe("{oops");
    expect(await kloros("resubmit", String(n))).toMatchObject({
      code: 1,
      err: expect.stringContaining("already"),
    });
    const next = await reject("b.json", "{oops");
    expect(await place.klorosWith("{}", "dlq", "resubmit", String(next), "--content", "-")).toMatchObject({
      code: 0,
    });
    expect(readFileSync(join(place.paths.intents, "b.json"), "utf8")).toBe("{}");
    expect(await letters("--reason", "invalid")).toEqual([]);
  });

  test("does not take a signal for a file, nor a name that is none", async () => {
    const [n = 0] = await giveUp(1);
    expect(await kloros("resubmit", String(n))).toMatchObject({
      code: 1,
      err: expect.stringContaining("is a signal"),
    });
    const evil = await reject("../evil.json", "{oops");
    expect(await kloros("resubmit", String(evil))).toMatchObject({ code: 1 });
    expect(existsSync(join(place.home, "evil.json"))).toBe(false);
  });
});

test("purge wants a yes for what nobody dealt with, and keeps the newest", async () => {
  const all = await letters("--all", "-n", "1000");
  await Bun.sleep(5);
  expect(await place.json("dlq", "purge", "--older-than", "1ms", "--dry-run")).toMatchObject({
    purged: all.length - 1,
  });
  expect(await kloros("purge", "--older-than", "1ms")).toMatchObject({
    code: 1,
    err: expect.stringContaining("--yes"),
  });
  expect(await kloros("purge", "--older-than", "1h")).toMatchObject({ code: 0 });
  expect(await kloros("purge", "--older-than", "1ms", "--yes")).toMatchObject({ code: 0 });
  expect(await letters("--all")).toHaveLength(1);
});

test("the file for people has had a line of each", async () => {
  const lines = readFileSync(place.paths.failedSignals, "utf8").trim().split("\n");
  const numbers = lines.map((line) => (JSON.parse(line) as { dead_letter: number }).dead_letter);
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1));
  expect(numbers.length).toBeGreaterThan(40);
});
