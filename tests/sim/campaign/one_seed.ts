import type { RunOptions, RunResult } from "../checks/watched_bus.ts";
import type { Fault } from "../faults/fault.ts";
import { liveOnce } from "../house/house_run.ts";
import { makeHouse } from "../house/house_scenario.ts";
import { makeScenario } from "../load/scenario.ts";
import { runOnce } from "../run.ts";
import type { World } from "./options.ts";

const RUN = { bus: runOnce, house: liveOnce } as const;

/** A run, and what it left to the event loop: a rejection that nobody handles is a flaw. */
export async function oneSeed(options: RunOptions, world: World = "bus"): Promise<RunResult> {
  const late: string[] = [];
  const onRejection = (error: unknown): void => {
    late.push(
      `a rejection that nobody handles: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  };
  process.on("unhandledRejection", onRejection);
  try {
    const result = RUN[world](options);
    await new Promise((resolve) => setImmediate(resolve));
    return { ...result, flaws: [...result.flaws, ...late] };
  } finally {
    process.off("unhandledRejection", onRejection);
  }
}

/** All that go wrong in it. */
export function faultsOf(seed: number, world: World): readonly Fault[] {
  return world === "bus" ? makeScenario(seed).faults : makeHouse(seed).faults;
}
