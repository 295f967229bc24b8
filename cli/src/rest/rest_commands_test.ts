/** `kloros maintenance`, `pause`, `resume`: as processes, on a home without a bus. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listPauses } from "@kloros/daemon";
import { TestInstallation } from "../testing/real_bus.ts";

let place: TestInstallation;
beforeAll(() => {
  place = new TestInstallation();
});
afterAll(() => place.remove());

describe("maintenance", () => {
  test("on, changed, shown and off, with an end, a reason and who it was", async () => {
    const on = await place.kloros(
      "maintenance",
      "on",
      "--for",
      "2h",
      "--reason",
      "the disk is being changed",
    );
    expect(on).toMatchObject({ code: 0, err: "" });
    expect(on.out).toMatch(/^maintenance mode is on by \S+ until 20\S+ \S+Z: the disk is being changed/);
    const marker = JSON.parse(readFileSync(place.paths.maintenanceMarker, "utf8")) as Record<string, string>;
    const lastsMs = Date.parse(marker["until"] ?? "") - Date.parse(marker["since"] ?? "");
    expect(lastsMs).toBe(2 * 3_600_000);
    const again = await place.kloros("maintenance", "on");
    expect(again.err).toContain("it stays on until: kloros maintenance off");
    expect(await place.json("maintenance", "status")).toMatchObject({
      maintenance: { until: null, reason: "" },
    });
    expect(await place.json("maintenance", "off")).toEqual({ maintenance: null, changed: true });
    expect(existsSync(place.paths.maintenanceMarker)).toBe(false);
    expect(await place.kloros("maintenance", "off")).toMatchObject({
      code: 0,
      out: "maintenance mode was off already\n",
    });
    expect((await place.kloros("maintenance", "status")).out).toBe("maintenance mode is off\n");
  });

  test.each(["soon", "0s", "-2h", "400d"])("for %p is not understood", async (time) => {
    const ran = await place.kloros("maintenance", "on", `--for=${time}`);
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining("90s, 15m, 2h or 1d") });
  });

  test("nothing is written where there is no installation", async () => {
    const empty = mkdtempSync(join(tmpdir(), "kc-"));
    const ran = await place.kloros("maintenance", "on", "--home", join(empty, "x"));
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining("is no installation") });
    expect(existsSync(join(empty, "x"))).toBe(false);
    rmSync(empty, { recursive: true });
  });
});

describe("pause and resume", () => {
  test("a service rests until it is resumed", async () => {
    const paused = await place.kloros(
      "pause",
      "intent-router",
      "--reason",
      "looking into it",
      "--for",
      "15m",
    );
    expect(paused).toMatchObject({ code: 0, err: "" });
    expect(paused.out).toMatch(/^the service intent-router is paused by \S+ until .*Z: looking into it\n$/);
    expect(listPauses(place.paths)).toMatchObject([{ name: "intent-router", reason: "looking into it" }]);
    expect(await place.json("resume", "intent-router")).toEqual({
      kind: "service",
      name: "intent-router",
      changed: true,
    });
    expect((await place.kloros("resume", "intent-router")).out).toBe(
      "the service intent-router was not paused\n",
    );
    expect(listPauses(place.paths)).toEqual([]);
  });

  test("a rule is known from the file of rules, and goes on being known while it is paused", async () => {
    await Bun.write(place.paths.policies, RULES);
    expect(await place.json("pause", "run-the-scanner")).toMatchObject({
      kind: "rule",
      name: "run-the-scanner",
    });
    expect(listPauses(place.paths)).toMatchObject([{ name: "rule.run-the-scanner" }]);
    rmSync(place.paths.policies);
    expect(await place.json("resume", "rule:run-the-scanner")).toMatchObject({ changed: true });
    expect(await place.kloros("resume", "rule:run-the-scanner")).toMatchObject({ code: 2 });
  });

  test.each([
    [2, "intent-ruter", "did you mean intent-router?"],
    [1, "chemical-bus", "the bus cannot be paused"],
    [2, "rule:../../x", "there is no rule"],
  ] as const)("ends with %p when %p is to be paused: %s", async (code, name, said) => {
    expect(await place.kloros("pause", name)).toMatchObject({ code, err: expect.stringContaining(said) });
    expect(listPauses(place.paths)).toEqual([]);
  });
});

const RULES = `version: 1
rules:
  - name: run-the-scanner
    description: For tests.
    on: [Q_MODULE_INTEGRATED]
    emit:
      signal: Q_RUN_SCANNER
      facts: { scanner: documentation }
`;
