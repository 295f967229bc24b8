/** A `dream.yaml` with one experiment, whose evaluator is a shell script. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Installation } from "@kloros/daemon";

/** `evaluator`: shell; the parameters stand on standard input as JSON, the metrics are expected on standard output. */
export function writeExperiment(paths: Installation, evaluator: string): void {
  const directory = dirname(paths.dreamConfig);
  mkdirSync(directory, { recursive: true });
  const script = join(directory, "evaluate.sh");
  writeFileSync(script, `#!/bin/sh\nparameters=$(cat)\n${evaluator}`);
  chmodSync(script, 0o755);
  writeFileSync(
    paths.dreamConfig,
    `experiments:
  - name: level
    search_space: {x: [1, 2, 3, 4]}
    evaluator: {command: [${script}], timeout_sec: 30}
    budget: {wallclock_sec: 60, max_candidates: 4, max_generations: 4}
    metrics: {target_direction: {score: up}}
    selector: {population: 2}
    parallel: 2
`,
  );
}

/** The metrics are the parameter itself. */
export const SCORE_IS_X = `
x=\${parameters#*\\"x\\":}; x=\${x# }; x=\${x%%[!0-9]*}
echo "{\\"score\\": $x}"
`;
