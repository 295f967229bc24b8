/** The real command, as a process, against a real bus. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TerminalError } from "@kloros/bus-client";
import { removePause, writePause } from "@kloros/daemon";
import {
  createRoot,
  CuriosityInvestigate,
  HealthAlert,
  InvestigationComplete,
  ModuleDiscovered,
  RunScanner,
} from "@kloros/signal-schema";
import { HELD_WINNER, writeWinners } from "./testing/sample_winners.ts";
import { childOf, question, scan } from "./testing/sample_signals.ts";
import { linesOf, TestInstallation } from "./testing/real_bus.ts";

let place: TestInstallation;
const root = question("audio", Date.now());
const complete = childOf(root, InvestigationComplete, Date.now());
const discovered = childOf(complete, ModuleDiscovered, Date.now());

beforeAll(async () => {
  place = new TestInstallation();
  await place.startBus();
  await place.publish(root);
  await place.publish(complete);
  await place.publish(discovered);
  const consumer = await place
    .connect("investigation-consumer")
    .consume(
      { name: "investigation-consumer", signals: ["Q_CURIOSITY_INVESTIGATE"], start: { from: "earliest" } },
      () => Promise.reject(new TerminalError("no_module", "there is no such module")),
    );
  consumer.ended.catch(() => undefined);
  await waitFor(async () => ((await place.json("dlq", "list")) as unknown[]).length === 1);
}, 60_000);
afterAll(() => place.remove());

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 15_000; !(await condition()); await Bun.sleep(20)) {
    if (performance.now() > end) throw new Error("waited in vain");
  }
}

describe("status", () => {
  test("tells of bus, services, consumers, and what needs a hand", async () => {
    const { code, out, err } = await place.kloros("status");
    expect(out).toMatch(/chemical-bus +ready/);
    expect(out).toMatch(/intent-router +not running/);
    expect(out).toMatch(/investigation-consumer +0 +0 +0 +1 +pid \d+/);
    expect(out).toContain("no consumer asks for");
    expect(out).toContain("1 dead letter: kloros dlq list");
    expect({ code, err }).toEqual({ code: 1, err: "" });
  });

  test("tells the same to programs, and no colours to either", async () => {
    const report = await place.json("status");
    expect(report).toMatchObject({
      home: place.home,
      mode: "act",
      maintenance: null,
      bus: { deadLetters: 1 },
      busAway: null,
    });
    expect((await place.kloros("status")).out).not.toContain("\u001b");
  });

  test("shows pauses, alerts that stand and winners that are held", async () => {
    const by = { by: "olaf", nowMs: Date.now() };
    await writePause(place.paths, "dream-consumer", {
      ...by,
      reason: "the GPU is needed",
      untilMs: Date.now() + 60_000,
    });
    await writePause(place.paths, "rule.promotions-start-dream", { ...by, reason: "" });
    const winners = writeWinners(place.paths, [HELD_WINNER]);
    const alert = { ...HealthAlert.examples[0]!, key: "memory" };
    await place.publish(
      createRoot(HealthAlert, alert, { source: "orchestrator-monitor", nowMs: Date.now() }),
    );
    const { out } = await place.kloros("status");
    const report = await place.json("status");
    await place.publish(
      createRoot(
        HealthAlert,
        { ...alert, state: "cleared" },
        { source: "orchestrator-monitor", nowMs: Date.now() },
      ),
    );
    for (const name of ["dream-consumer", "rule.promotions-start-dream"]) removePause(place.paths, name);
    expect(out).toMatch(/paused +service dream-consumer by olaf until 20.*Z: the GPU is needed/);
    expect(out).toMatch(/paused +rule promotions-start-dream by olaf\n/);
    expect(out).toMatch(/memory +(just now|\d+ m?s ago) +warning memory_high \(87.5 %, threshold 85 %\)/);
    expect(out).toContain("1 winner held for approval: kloros winners approve rag_opt:e73f10497a0b86c7");
    expect(report).toMatchObject({
      pauses: [{ kind: "service", name: "dream-consumer" }, { kind: "rule" }],
      heldWinners: ["rag_opt:e73f10497a0b86c7"],
      alerts: [{ key: "memory", severity: "warning" }],
    });
    expect(await place.json("status")).toMatchObject({ pauses: [], alerts: [] });
    rmSync(winners);
  });

  test("goes on with --watch until Ctrl-C: a line of JSON each time, or text", async () => {
    const child = place.start(["status", "--watch", "--interval", "50ms", "--json"]);
    let count = 0;
    for await (const line of linesOf(child.stdout)) {
      expect(JSON.parse(line)).toMatchObject({ home: place.home });
      count += 1;
      if (count === 3) break;
    }
    child.kill("SIGINT");
    expect({ code: await child.exited, err: await child.stderr.text() }).toEqual({ code: 0, err: "" });
    const other = place.start(["status", "--watch", "--interval", "1h"]);
    for await (const line of linesOf(other.stdout)) if (line.includes("dead letter")) break;
    other.kill("SIGTERM");
    expect(await other.exited).toBe(0);
  });

  test("shows maintenance mode with its reason", async () => {
    writeFileSync(place.paths.maintenanceMarker, "disk is being changed\n");
    const { out } = await place.kloros("status");
    await Bun.file(place.paths.maintenanceMarker).delete();
    expect(out).toContain("on: disk is being changed");
  });
});

describe("publish", () => {
  test("says the id once it is on disk, and who will get it", async () => {
    const facts = JSON.stringify(CuriosityInvestigate.examples[0]);
    const { code, out, err } = await place.kloros("publish", "Q_CURIOSITY_INVESTIGATE", "--facts", facts);
    expect(code).toBe(0);
    expect(out).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(err).toContain("for investigation-consumer");
    expect(await place.json("show", out.trim())).toMatchObject({ envelope: { source: "operator" } });
  });

  test("takes facts from a file, from stdin, and only shows with --dry-run", async () => {
    writeFileSync(join(place.home, "facts.json"), JSON.stringify(RunScanner.examples[0]));
    expect((await place.kloros("publish", "Q_RUN_SCANNER", "--facts", "@facts.json")).code).toBe(0);
    const piped = await place.klorosWith(
      '{"scanner":"x"}',
      "publish",
      "Q_RUN_SCANNER",
      "--facts",
      "-",
      "--json",
    );
    expect(JSON.parse(piped.out)).toMatchObject({ status: "stored", consumers: [] });
    const dry = await place.kloros("publish", "Q_RUN_SCANNER", "--facts", "@facts.json", "--dry-run");
    expect(JSON.parse(dry.out)).toMatchObject({ signal: "Q_RUN_SCANNER", source: "operator" });
  });

  test.each([
    [2, ["Q_RUN_SCANER"], 'there is no signal "Q_RUN_SCANER"; did you mean Q_RUN_SCANNER?'],
    [2, ["scanner"], "did you mean Q_RUN_SCANNER?"],
    [1, ["Q_RUN_SCANNER"], "/facts/scanner is missing"],
    [1, ["Q_MODULE_INTEGRATED"], "is said by capability-integrator only; the operator may say: Q_CURIOSITY"],
    [2, ["Q_RUN_SCANNER", "--facts", "{x"], "--facts is no JSON"],
    [2, ["Q_RUN_SCANNER", "--facts", "[]"], "has to be a JSON object"],
    [2, ["Q_RUN_SCANNER", "--facts", "@none.json"], "no such file"],
  ] as const)("ends with %p when asked for %p: %s", async (code, args, said) => {
    const ran = await place.kloros("publish", ...args);
    expect(ran).toMatchObject({ code, out: "" });
    expect(ran.err).toContain(said);
  });
});

describe("show and trace", () => {
  test("show has the envelope, its deliveries and its children", async () => {
    expect(await place.json("show", "1")).toMatchObject({
      envelope: root,
      deliveries: [{ consumer: "investigation-consumer", state: "dead" }],
      children: [{ envelope: complete }],
    });
    const { out } = await place.kloros("show", root.id.slice(-8));
    expect(out).toMatch(/investigation-consumer +dead .*there is no such module/);
  });

  test("trace draws the chain across traces", async () => {
    const { out, code } = await place.kloros("trace", discovered.id);
    expect(code).toBe(0);
    expect(out).toMatch(
      /● Q_CURIOSITY_INVESTIGATE[^]*dead[^]*└▶ Q_INVESTIGATION_COMPLETE[^]* {3}└▶ Q_MODULE_DISCOVERED/,
    );
    expect(await place.json("trace", "2")).toMatchObject({
      root: root.id,
      signals: [{ depth: 0 }, { depth: 1 }, { depth: 2 }],
    });
  });

  test.each(["show", "trace"])("%s of nothing ends with 1 and says so", async (command) => {
    expect(await place.kloros(command, "999999")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("no signal number 999999"),
    });
  });
});

describe("dlq", () => {
  test("show tells what failed and why", async () => {
    const { out } = await place.kloros("dlq", "show", "1");
    expect(out).toMatch(/consumer +investigation-consumer[^]*terminal, 1 attempt[^]*there is no such module/);
  });

  test("retry puts back once", async () => {
    expect(await place.kloros("dlq", "retry", "1")).toMatchObject({ code: 0 });
    expect(await place.kloros("dlq", "retry", "1")).toMatchObject({
      code: 1,
      err: expect.stringContaining("retried already"),
    });
    expect(await place.kloros("dlq", "retry", "x")).toMatchObject({ code: 2 });
    expect(await place.kloros("dlq", "show", "99")).toMatchObject({ code: 1 });
  });
});

describe("consumers", () => {
  test("a live one is not removed by mistake, nor one with open deliveries", async () => {
    expect(await place.kloros("consumers", "remove", "investigation-consumer")).toMatchObject({
      code: 1,
      err: expect.stringContaining("is held by a live"),
    });
    const idle = {
      name: "semantic-dedup",
      signals: ["Q_INVESTIGATION_COMPLETE"],
      start: { from: "earliest" },
    } as const;
    const bus = place.connect("semantic-dedup");
    const consumption = await bus.consume(
      idle,
      ({ abort }) =>
        new Promise((_, reject) => abort.addEventListener("abort", () => reject(new Error("stopped")))),
    );
    await consumption.drain(0);
    await bus.close();
    expect(await place.kloros("consumers", "remove", "semantic-dedup")).toMatchObject({
      code: 1,
      err: expect.stringContaining("would be dropped; say --yes"),
    });
    expect(await place.json("consumers", "remove", "semantic-dedup", "--yes")).toMatchObject({
      removed: true,
      dropped: 1,
    });
    expect(await place.kloros("consumers", "remove", "semantic-dedup")).toMatchObject({ code: 1 });
  });
});

describe("every command that lists", () => {
  for (const text of [
    "consumers list",
    "dlq list",
    "integrations list",
    "describe",
    "describe chemical-bus",
    "signals list",
    "signals show Q_RUN_SCANNER",
  ]) {
    test(`prints JSON that parses, and text: ${text}`, async () => {
      const words = text.split(" ");
      const [value, ran] = await Promise.all([place.json(...words), place.kloros(...words)]);
      expect(value).toBeObject();
      expect(ran.code).toBe(0);
    });
  }
});

describe("tail", () => {
  test("goes from history to live without a gap or a double, while others publish", async () => {
    const child = place.start(["tail", "--signal", "Q_RUN_SCANNER", "-n", "5", "--json"]);
    const bus = place.connect("operator");
    const said: string[] = [];
    const enough = new AbortController();
    const publishing = (async () => {
      while (!enough.signal.aborted) {
        const some = Array.from({ length: 7 }, () => scan("many", Date.now()));
        await bus.publish(some);
        said.push(...some.map(({ id }) => id));
        await Bun.sleep(1);
      }
    })();
    const seen: { seq: number; id: string }[] = [];
    for await (const line of linesOf(child.stdout)) {
      const item = JSON.parse(line) as { seq: number; envelope: { id: string } };
      seen.push({ seq: item.seq, id: item.envelope.id });
      if (seen.length === 400) {
        enough.abort();
        await publishing;
      }
      if (enough.signal.aborted && seen.at(-1)?.id === said.at(-1)) break;
    }
    child.kill("SIGINT");
    expect(await child.exited).toBe(0);
    const stored: number[] = [];
    for (let afterSeq: number | null = seen[0]!.seq - 1; afterSeq !== null;) {
      const page = await bus.read({ signals: ["Q_RUN_SCANNER"], afterSeq, limit: 1000 });
      stored.push(...page.items.map(({ seq }) => seq));
      afterSeq = page.next;
    }
    expect(seen.map(({ seq }) => seq)).toEqual(stored);
  }, 60_000);

  test("loses nothing for a reader that stops reading for a while", async () => {
    const child = place.start(["tail", "--signal", "Q_HEALTH_ALERT,Q_RUN_SCANNER", "-n", "0", "--json"]);
    const lines = linesOf(child.stdout);
    const bus = place.connect("operator");
    const first = scan("first", Date.now());
    // Until it follows: what came before its start is not shown.
    const ready = lines.next();
    const poke = setInterval(() => void bus.publish([scan("poke", Date.now())]), 20);
    await ready;
    clearInterval(poke);
    await bus.publish([first]);
    const wanted: string[] = [];
    for (let batch = 0; batch < 20; batch++) {
      const some = Array.from({ length: 100 }, () => scan("x".repeat(900), Date.now()));
      await bus.publish(some);
      wanted.push(...some.map(({ id }) => id));
    }
    const seen: string[] = [];
    for await (const line of lines) {
      seen.push((JSON.parse(line) as { envelope: { id: string } }).envelope.id);
      if (seen.at(-1) === wanted.at(-1)) break;
    }
    child.kill("SIGTERM");
    await child.exited;
    expect(seen.slice(seen.indexOf(first.id) + 1)).toEqual(wanted);
  }, 60_000);

  test("ends quietly when its reader goes away", async () => {
    const child = place.start(["tail", "-n", "1000"]);
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const bus = place.connect("operator");
    const poke = setInterval(() => void bus.publish([scan("poke", Date.now())]), 20);
    const [code, err] = await Promise.all([child.exited, child.stderr.text()]);
    clearInterval(poke);
    expect({ code, err }).toEqual({ code: 0, err: "" });
  }, 60_000);

  test("filters by emitter, by chain and by time, and ends with --no-follow", async () => {
    const lines = async (...args: string[]) =>
      (await place.kloros("tail", "--no-follow", "-n", "10000", ...args)).out.trim().split("\n");
    expect(await lines("--source", "curiosity-core")).toHaveLength(1);
    expect(await lines("--trace", complete.id)).toHaveLength(2);
    expect(await lines("--since", "2020-01-01", "--signal", "Q_MODULE_DISCOVERED")).toHaveLength(1);
    expect(await lines("--since", "2100-01-01")).toEqual([""]);
    expect(await place.kloros("tail", "--signal", "Q_NOTHING")).toMatchObject({
      code: 2,
      err: expect.stringContaining("there is no signal"),
    });
  });
});
