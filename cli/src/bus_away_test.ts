/** What the commands say and do where no bus runs, or it goes and comes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linesOf, TestInstallation } from "./testing/real_bus.ts";
import { scan } from "./testing/sample_signals.ts";

let place: TestInstallation;
beforeAll(() => {
  place = new TestInstallation();
});
afterAll(() => place.remove());

describe("without a bus", () => {
  for (const text of ["tail", "show 1", "trace 1", "dlq list", "dlq retry 1", "consumers list"]) {
    test(`${text} ends with 69 and says how to start one`, async () => {
      const ran = await place.kloros(...text.split(" "));
      expect(ran).toMatchObject({ code: 69, out: "" });
      expect(ran.err).toContain(`up --home ${place.home}`);
      expect(ran.err).toContain("no bus runs here");
    });
  }

  test("status shows what can be seen without it, and ends with 69", async () => {
    const { code, out } = await place.kloros("status");
    expect(code).toBe(69);
    expect(out).toMatch(/bus +does not answer/);
    expect(await place.json("status")).toMatchObject({
      bus: null,
      busAway: expect.stringContaining("start it"),
    });
  });

  test("what needs no bus works", async () => {
    expect((await place.kloros("integrations", "list")).code).toBe(0);
    expect(
      (await place.kloros("publish", "Q_RUN_SCANNER", "--facts", '{"scanner":"x"}', "--dry-run")).code,
    ).toBe(0);
    expect(await place.kloros("integrations", "undo", "nothing")).toMatchObject({
      code: 1,
      err: expect.stringContaining("no integration"),
    });
  });
});

describe("a command line that is wrong", () => {
  test.each([
    ["nonsense", "unknown command 'nonsense'"],
    ["statsu", "Did you mean status?"],
    ["status --hmoe x", "Did you mean --home?"],
    ["tail -n many", "Give a whole number"],
    ["tail --since yesterday", "Give a time back"],
    ["show", "missing required argument 'id'"],
    ["show nothing!", "is no id"],
    ["dlq", "Usage: kloros dlq"],
    ["describe chemical-bsu", "did you mean chemical-bus?"],
    ["logs --level loud", "there are trace, debug"],
    ["run-service nobody", "there are chemical-bus"],
  ])("%s ends with 2: %s", async (text, said) => {
    const ran = await place.kloros(...text.split(" "));
    expect({ code: ran.code, out: ran.out }).toEqual({ code: 2, out: "" });
    expect(ran.err).toContain(said);
  });

  test("a wrong configuration ends with 78 and all its errors", async () => {
    const file = join(place.home, "kloros.toml");
    writeFileSync(file, '[kloros]\nmode = "sleep"\nlogLevel = 7\n');
    const ran = await place.kloros("status");
    rmSync(file);
    expect(ran).toMatchObject({ code: 78, out: "" });
    expect(ran.err).toContain("2 errors");
  });
});

describe("a bus that goes and comes back", () => {
  test("is waited for by tail, which misses nothing", async () => {
    await place.startBus();
    await place.publish(scan("before", Date.now()));
    const child = place.start(["tail", "-n", "1", "--json"]);
    const lines = linesOf(child.stdout);
    await lines.next();
    await place.stopBus("SIGKILL");
    await place.startBus();
    const after = scan("after", Date.now());
    await place.publish(after);
    expect((await lines.next()).value).toContain(after.id);
    child.kill("SIGINT");
    expect(await child.exited).toBe(0);
    expect(await child.stderr.text()).toContain("the bus is back");
  }, 60_000);

  test("that was killed is told from one that was never there", async () => {
    await place.stopBus("SIGKILL");
    expect((await place.kloros("status")).out).toContain("nobody took the connection");
  });
});

describe("logs", () => {
  const record = (time: string, level: string, msg: string): string =>
    `${JSON.stringify({ level, time, service: "x", msg })}\n`;
  const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

  test("are put in the order of their times, rotated ones included", async () => {
    const { logs } = place.paths;
    mkdirSync(logs);
    writeFileSync(join(logs, "intent-router.log.1"), record(at(1), "info", "first"));
    writeFileSync(
      join(logs, "intent-router.log"),
      record(at(3), "warn", "third") + record(at(5), "info", "fifth"),
    );
    writeFileSync(
      join(logs, "curiosity-core.log"),
      record(at(2), "info", "second") + record(at(4), "error", "fourth"),
    );
    const words = async (...args: string[]) =>
      (await place.kloros("logs", ...args)).out.match(/\b(\w+)(?= *$)/gm);
    expect(await words()).toEqual(["first", "second", "third", "fourth", "fifth"]);
    expect(await words("-n", "2")).toEqual(["fourth", "fifth"]);
    expect(await words("intent-router")).toEqual(["first", "third", "fifth"]);
    expect(await words("--level", "warn")).toEqual(["third", "fourth"]);
    expect(await words("--since", "2026-01-01T00:00:04Z")).toEqual(["fourth", "fifth"]);
    expect(await place.json("logs", "-n", "1")).toMatchObject({ msg: "fifth" });
    expect(await place.kloros("logs", "intent-roter")).toMatchObject({
      code: 1,
      err: expect.stringContaining("did you mean intent-router?"),
    });
  });

  test("are followed through a rotation", async () => {
    const child = place.start(["logs", "intent-router", "-f", "-n", "0", "--json"]);
    const lines = linesOf(child.stdout);
    const path = join(place.paths.logs, "intent-router.log");
    const next = lines.next();
    // Until it follows: what was written before is history.
    let n = 0;
    const write = setInterval(
      () => writeFileSync(path, record(at(60), "info", `line ${n++}`), { flag: "a" }),
      20,
    );
    const first = JSON.parse((await next).value as string) as { msg: string };
    clearInterval(write);
    const { renameSync } = await import("node:fs");
    renameSync(path, `${path}.1`);
    writeFileSync(path, record(at(61), "info", "new file"));
    const seen = [first.msg];
    while (seen.at(-1) !== "new file")
      seen.push((JSON.parse((await lines.next()).value as string) as { msg: string }).msg);
    child.kill("SIGINT");
    expect(await child.exited).toBe(0);
    const from = Number(first.msg.split(" ")[1]);
    const expected = Array.from({ length: n - from }, (_, index) => `line ${from + index}`);
    expect(seen).toEqual([...expected, "new file"]);
  });
});
