import type { RunOptions, RunResult } from "../checks/watched_bus.ts";
import { runOnce } from "../run.ts";

/** A run, and what it left to the event loop: a rejection that nobody handles is a flaw. */
export async function oneSeed(options: RunOptions): Promise<RunResult> {
  const late: string[] = [];
  const onRejection = (error: unknown): void => {
    late.push(
      `a rejection that nobody handles: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  };
  process.on("unhandledRejection", onRejection);
  try {
    const result = runOnce(options);
    await new Promise((resolve) => setImmediate(resolve));
    return { ...result, flaws: [...result.flaws, ...late] };
  } finally {
    process.off("unhandledRejection", onRejection);
  }
}
