/** ./scripts/bench: see house/options.ts for what it takes. Exit code 1: a benchmark could not be run; figures are not judged. */
import { BENCHES } from "./benches.ts";
import { describeMachine } from "./house/machine.ts";
import { type Options, parseOptions, USAGE } from "./house/options.ts";
import { runBench } from "./house/run_bench.ts";
import { printResult } from "./report/print.ts";
import { record } from "./report/record.ts";
import { makeResult, type Result } from "./report/result.ts";

async function main(options: Options): Promise<number> {
  if (options.help) console.log(USAGE);
  else if (options.list) for (const { name, title } of BENCHES) console.log(`${name.padEnd(24)}${title}`);
  else return runAll(options);
  return 0;
}

async function runAll(options: Options): Promise<number> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      stop.abort();
    });
  }
  const results: Result[] = [];
  let failed = 0;
  for (const bench of BENCHES) {
    if (stop.signal.aborted || (options.names.length > 0 && !options.names.includes(bench.name))) continue;
    const [machine, startedAt] = [describeMachine(), Date.now()];
    const say = (text: string): void => {
      console.error(`${bench.name}: ${text}`);
    };
    try {
      const report = await runBench(bench, { quick: options.quick, say, stop: stop.signal });
      const result = makeResult(bench, report, { machine, startedAt, endedAt: Date.now() });
      results.push(result);
      if (!options.json) printResult(bench, result);
    } catch (error) {
      failed++;
      console.error(`${bench.name}: failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (options.json) console.log(JSON.stringify(results, null, 2));
  if (options.record) record(results, BENCHES);
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(
    parseOptions(
      process.argv.slice(2),
      BENCHES.map((bench) => bench.name),
    ),
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 64;
}
