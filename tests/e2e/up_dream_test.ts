/** The second flow, as `./scripts/up` shows it on an empty home: a promotion waits, D-REAM tunes something real, the winner is set. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processesOf } from "./house/processes.ts";
import { placeForEach, startUp, type UpRun } from "./up_process.ts";

const SLOW_MS = 300_000;

const place = placeForEach();

const names = (run: UpRun): readonly string[] => run.events.flatMap(({ signal }) => signal?.signal ?? []);

const environment = (): string => readFileSync(join(place.home, ".kloros_env"), "utf8");

function drop(name: string): void {
  const path = join(place.home, "dream_lab/promotions", `${name}.json`);
  writeFileSync(`${path}.tmp`, JSON.stringify({ schema: "v1", id: name, fitness: 2 }));
  renameSync(`${path}.tmp`, path);
}

test(
  "up --once brings the promotion of the example to a value that was measured, and a further one starts another cycle",
  async () => {
    const run = startUp(["--home", place.home, "--once", "--timeout", "60s"], { dream: true });
    expect(await run.exited, run.text()).toBe(0);
    for (const name of [
      "Q_DREAM_TRIGGER",
      "Q_DREAM_COMPLETE",
      "Q_WINNER_DEPLOYED",
      "Q_DEPLOYMENT_COMPLETE",
    ]) {
      expect(names(run).filter((one) => one === name)).toEqual([name]);
    }
    expect(names(run)).toContain("Q_DREAM_PROGRESS");
    const summary = run.events.find(({ event }) => event === "summary");
    expect(summary?.dream_cycles).toEqual({ completed: 1 });
    expect(summary?.deployed?.length).toBe(3);
    // The blocks of 1 KiB of the example are never the best.
    expect(environment()).toMatch(/^KLR_ARCHIVE_BLOCK_KIB=([248]|16)$/m);
    expect(environment()).toMatch(/^# Voice.*\nKLR_TTS_SPEED=1.10$/m);
    expect(existsSync(join(place.home, "dream_lab/promotions/acknowledged/archive_block_size.json"))).toBe(
      true,
    );
    expect(readFileSync(join(place.home, "src/registry/capabilities.yaml"), "utf8")).not.toContain("dream");
    expect(processesOf(place.path)).toEqual([]);

    drop("another");
    const second = startUp(["--home", place.home, "--once", "--timeout", "60s"], {
      json: false,
      dream: true,
    });
    expect(await second.exited, second.text()).toBe(0);
    expect(second.text()).toContain("1 promotion waiting: another.json");
    expect(second.text()).toMatch(/D-REAM: archive, generation \d+, \d+ of 60 candidates/);
    expect(second.text()).toContain("promotion another.json is acknowledged");
    expect(second.text()).toContain("D-REAM cycles: 1 completed");
  },
  SLOW_MS,
);
