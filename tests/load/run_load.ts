/** One load from its options to its report; what was started is ended, whatever comes. */
import { Scratch } from "../bench/house/scratch.ts";
import type { LoadOptions } from "./options.ts";
import { printSoak } from "./soak/print.ts";
import { reportOf } from "./soak/report.ts";
import { runSoak } from "./soak/soak_run.ts";
import { printStopped, stoppedReport } from "./stopped/stopped_report.ts";
import { runStopped } from "./stopped/stopped_run.ts";

interface Outcome {
  readonly report: object;
  readonly text: string;
  readonly ok: boolean;
}

export async function runLoad(options: Exclude<LoadOptions, { kind: "help" }>): Promise<Outcome> {
  const scratch = new Scratch();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      void scratch.close().finally(() => process.exit(130));
    });
  }
  try {
    if (options.kind === "stopped") {
      const baseline = await runStopped(scratch, options.plan, false);
      const report = stoppedReport(options.plan, baseline, await runStopped(scratch, options.plan, true));
      return { report, text: printStopped(report), ok: report.flaws.length === 0 };
    }
    const say = (text: string): void => {
      console.error(text);
    };
    const report = reportOf(options.plan, await runSoak(scratch, options.plan, say));
    return { report, text: printSoak(report), ok: report.flaws.length === 0 };
  } finally {
    await scratch.close();
  }
}
