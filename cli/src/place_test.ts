import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHome } from "@kloros/daemon";
import { findPlace, startCommand } from "./place.ts";
import { type InstallLayout, SYSTEM_LAYOUT, userLayout } from "./units/layout.ts";
import { scratchPlace } from "./up/home/scratch_place.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "place-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const find = (
  flags: { readonly home?: string; readonly runtime?: string },
  env: Record<string, string> = {},
) => findPlace({ color: true, ...flags }, { env, cwd: folder });

describe("findPlace()", () => {
  test("takes the home that is named: a flag before the environment", async () => {
    const [one, two] = [join(folder, "one"), join(folder, "two")];
    for (const home of [one, two]) createHome(home, { version: "0", nowMs: 0 });
    expect((await find({ home: "one" }, { KLOROS_HOME: two })).paths.home).toBe(one);
    expect((await find({}, { KLOROS_HOME: two })).paths.home).toBe(two);
    expect((await find({ home: one, runtime: "run" })).paths.runtime).toBe(join(process.cwd(), "run"));
  });

  test("creates nothing", async () => {
    const { located } = await find({ home: "new" });
    expect(located.inspection.kind).toBe("absent");
  });

  test("finds the sockets and logs of an `up` that only observes a home", async () => {
    const home = join(folder, ".kloros");
    mkdirSync(join(home, "intents"), { recursive: true });
    expect((await find({ home })).paths.logs).toBe(join(home, "logs"));
    const scratch = scratchPlace(home, {});
    mkdirSync(join(scratch, "run"), { recursive: true });
    try {
      const { paths } = await find({ home });
      expect(paths).toMatchObject({
        home,
        runtime: join(scratch, "run"),
        logs: join(scratch, "logs"),
        state: join(scratch, "state"),
      });
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

  test("and how to start a bus there can be typed as it is", async () => {
    const { paths } = await find({ home: "new" });
    expect(startCommand(paths)).toEndWith(`up --home ${join(folder, "new")}`);
    const under = (layout: InstallLayout) => startCommand({ home: layout.home }, layout);
    expect(under(SYSTEM_LAYOUT)).toBe("sudo systemctl start kloros.target");
    expect(under(userLayout(folder, {}))).toBe("systemctl --user start kloros.target");
  });
});
