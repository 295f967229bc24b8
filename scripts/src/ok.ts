/**
 * `bun run ok`: every gate and every test, each timed, all of them even when one fails.
 * The last line is `N passed, N failed`; a gate counts as one.
 */
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { formatGateOutput, formatOutcome, formatSummary, formatTestOutput } from "./ok_report.ts";
import type { StepOutcome } from "./ok_report.ts";
import { planSteps, selectSteps } from "./ok_steps.ts";
import type { Step } from "./ok_steps.ts";
import { runCommand } from "./step_run.ts";
import { countsOfGate, countsOfTestRun } from "./test_counts.ts";
import { findTestFailures } from "./test_failures.ts";

const USAGE = `Usage: ./scripts/test [--fast] [--only NAME]... [--list]
  --fast       the gates and the unit tests, without the suites under tests/
  --only NAME  only these: a step (types, unit/zmq, suite/e2e), a group (unit, suite) or a last part (zmq)
  --list       name the steps and stop`;

const ROOT = resolve(import.meta.dirname, "../..");
const PARALLEL_MAX = 2;

interface Invocation {
  readonly only: readonly string[];
  readonly fast: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

function parseInvocation(args: readonly string[]): Invocation {
  const options = {
    only: { type: "string", multiple: true, default: [] as string[] },
    fast: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false, short: "h" },
  } as const;
  return parseArgs({ args: [...args], options, strict: true }).values;
}

async function runStep(step: Step, stop: AbortSignal): Promise<StepOutcome> {
  const logPath = join(ROOT, ".cache/ok", `${step.name.replaceAll("/", "-")}.log`);
  // CI makes `bun test` refuse a forgotten `.only`; colours would only stand in the way of reading counts.
  const env = { CI: "true", NO_COLOR: "1", FORCE_COLOR: undefined };
  const run = await runCommand(step.command, {
    cwd: ROOT,
    logPath,
    timeoutMs: step.timeoutMs,
    signal: stop,
    env,
  });
  const isGate = step.kind === "gate";
  const outcome = {
    name: step.name,
    counts: isGate ? countsOfGate(run.exitCode) : countsOfTestRun(run.output, run.exitCode),
    elapsedMs: run.elapsedMs,
    timedOut: run.timedOut,
    failedTests: isGate ? [] : findTestFailures(run.output).map((failure) => failure.name),
  };
  if (stop.aborted) return outcome;
  console.log(formatOutcome(outcome));
  const format = isGate ? formatGateOutput : formatTestOutput;
  if (outcome.counts.failed > 0) console.log(format(run.output, logPath));
  return outcome;
}

/** Those that may share the cores first, `parallel` at a time; then the suites, one by one. */
async function runSteps(steps: readonly Step[], parallel: number, stop: AbortSignal): Promise<StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  const lane = async (queue: Step[]): Promise<void> => {
    for (let step = queue.shift(); step !== undefined && !stop.aborted; step = queue.shift()) {
      outcomes.push(await runStep(step, stop));
    }
  };
  const shared = steps.filter((step) => !step.alone);
  await Promise.all(Array.from({ length: parallel }, () => lane(shared)));
  await lane(steps.filter((step) => step.alone));
  const order = new Map(steps.map((step, index) => [step.name, index]));
  return outcomes.toSorted((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
}

/** Ctrl-C and SIGTERM end the running steps with all that they started. */
function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => controller.abort(name));
  return controller.signal;
}

async function main(args: readonly string[]): Promise<number> {
  const invocation = parseInvocation(args);
  if (invocation.help) {
    console.log(USAGE);
    return 0;
  }
  const steps = selectSteps(await planSteps(ROOT), invocation);
  if (invocation.list) {
    console.log(steps.map((step) => step.name).join("\n"));
    return 0;
  }
  const stop = stopOnSignals();
  console.log(`ok: ${steps.length} steps; the whole output of each is kept in .cache/ok/`);
  const outcomes = await runSteps(steps, Math.min(PARALLEL_MAX, availableParallelism()), stop);
  if (stop.aborted) {
    console.error(`ok: stopped by ${String(stop.reason)} after ${outcomes.length} of ${steps.length} steps`);
    return 130;
  }
  console.log(formatSummary(outcomes));
  return outcomes.every((outcome) => outcome.counts.failed === 0) ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`ok: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
}
