import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { tryLockDescriptor } from "@kloros/file-lock";
import { closeSync, openSync } from "node:fs";
import { autonomyLevelOf } from "./deployer.ts";
import { openWorkbench, WINNER } from "./testing/workbench.ts";
import type { Workbench } from "./testing/workbench.ts";

describe("the autonomy level", () => {
  const table: readonly [setting: number, variable: string | undefined, level: number][] = [
    [-1, undefined, 0],
    [-1, "2", 2],
    [-1, "", 0],
    [-1, "99", 0],
    [-1, "-1", 0],
    [-1, "2 or so", 0],
    [0, "9", 0],
    [3, undefined, 3],
  ];
  test.each(table)(
    "set to %j, with %j in the process's environment, is %j",
    (autonomyLevel, variable, level) => {
      const environment = variable === undefined ? {} : { KLR_AUTONOMY_LEVEL: variable };
      expect(autonomyLevelOf({ autonomyLevel }, environment)).toBe(level);
    },
  );
});

describe("another writer that holds the lock", () => {
  let bench: Workbench;
  beforeEach(() => {
    bench = openWorkbench({ config: { lockTimeoutMs: 50 } });
    bench.setEnv("KLR_TTS_SPEED=1.0\n");
  });
  afterEach(() => bench.remove());

  test("is waited for, then it is tried again; nothing is changed beside it", async () => {
    const fd = openSync(`${bench.paths.environmentFile}.lock`, "a");
    const release = tryLockDescriptor(fd);
    const id = bench.postCycle([WINNER]);
    const failure: unknown = await bench.deliver(id).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "env_file_locked" });
    expect(bench.env()).toBe("KLR_TTS_SPEED=1.0\n");
    release?.();
    closeSync(fd);
    await bench.deliver(id);
    expect(bench.env()).toBe("KLR_TTS_SPEED=1.5\n");
  });
});
