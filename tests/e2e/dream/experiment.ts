/** A fast experiment with a known answer, whose evaluator does what a test tells it, also in the middle of a cycle. */
import { chmodSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Installation } from "@kloros/daemon";

/** What each candidate meets. `$x` is its parameter. */
export const BEHAVIOURS = {
  good: 'echo "{\\"score\\": $x}"',
  /** Long enough for something to happen in the middle. */
  slow: 'sleep 0.4; echo "{\\"score\\": $x}"',
  short: 'sleep 0.1; echo "{\\"score\\": $x}"',
  same: 'echo "{\\"score\\": 1}"',
  exits: 'echo "no such device" >&2; exit 3',
  hangs: "exec sleep 600",
  garbage: 'echo "score is good today"',
  nothing: "true",
  nan: 'echo "{\\"score\\": NaN}"',
  /** Keeps all it reads in memory. */
  hungry: "exec tail /dev/zero",
  /** Takes the runner with it. */
  kills_runner: 'kill -9 "$PPID"; sleep 600',
} as const;

export type Behaviour = keyof typeof BEHAVIOURS;

export interface Experiment {
  /** Default `good`. */
  readonly behaviour?: Behaviour;
  /** Values of the parameter; the greatest wins. Default 1 to 4. */
  readonly values?: readonly number[];
  /** Of one candidate, s. Default 2. */
  readonly timeoutS?: number;
}

export const KEY = "KLR_TEST_LEVEL";
export const EXPERIMENT = "level";

/** With what an editor of the file must not touch. */
export const ENVIRONMENT_BEFORE = `# written by hand

KLR_TTS_SPEED=1.1
# tuned
${KEY}=0

KLR_OTHER="a b"   
`;

/** The text with the values in place of those before. */
export function keysSet(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce(
    (changed, [key, value]) => changed.replace(new RegExp(`^(${key}=).*`, "m"), `$1${value}`),
    text,
  );
}

export function writeExperiment(paths: Installation, experiment: Experiment): void {
  const { behaviour = "good", values = [1, 2, 3, 4], timeoutS = 15 } = experiment;
  mkdirSync(dirname(paths.dreamConfig), { recursive: true });
  const evaluator = evaluatorPath(paths);
  writeFileSync(evaluator, EVALUATOR);
  chmodSync(evaluator, 0o755);
  behave(paths, behaviour);
  offer(paths, values, timeoutS);
}

/** What there is to try from now on. */
export function offer(paths: Installation, values: readonly number[], timeoutS = 15): void {
  replace(
    paths.dreamConfig,
    `experiments:
  - name: ${EXPERIMENT}
    search_space: {x: [${values.join(", ")}]}
    evaluator: {command: [${evaluatorPath(paths)}], timeout_sec: ${String(timeoutS)}, memory_mb: 64}
    budget: {wallclock_sec: 300, max_candidates: ${String(values.length)}}
    metrics: {target_direction: {score: up}}
    selector: {population: 2}
    param_mapping: {x: ${KEY}}
    parallel: 2
`,
  );
}

/** From the next candidate on. */
export function behave(paths: Installation, behaviour: Behaviour): void {
  replace(join(dirname(paths.dreamConfig), "behaviour.sh"), `${BEHAVIOURS[behaviour]}\n`);
}

function evaluatorPath(paths: Installation): string {
  return join(dirname(paths.dreamConfig), "evaluator.sh");
}

const EVALUATOR = `#!/bin/sh
x=$(sed 's/.*"x": *\\([0-9]*\\).*/\\1/')
. "$(dirname "$0")/behaviour.sh"
`;

function replace(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}
