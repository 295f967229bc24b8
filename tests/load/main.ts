/** ./scripts/soak: see soak/options.ts. Exit code 1: a bound was broken, or something was lost. */
import { Scratch } from "../bench/house/scratch.ts";
import { parseOptions, USAGE, type SoakOptions } from "./soak/options.ts";
import { reportOf } from "./soak/report.ts";
import { printSoak } from "./soak/print.ts";
import { runSoak } from "./soak/soak_run.ts";

async function main(options: SoakOptions): Promise<number> {
  const scratch = new Scratch();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      void scratch.close().finally(() => process.exit(130));
    });
  }
  try {
    const report = reportOf(options, await runSoak(scratch, options, (text) => console.error(text)));
    console.log(options.json ? JSON.stringify(report, null, 2) : printSoak(report));
    return report.flaws.length === 0 ? 0 : 1;
  } finally {
    await scratch.close();
  }
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else process.exitCode = await main(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 64;
}
process.exit();
