import { Command, CommanderError } from "commander";
import { CYCLE_EXIT } from "../run/cycle_exit.ts";
import { checkCommand } from "./check_command.ts";
import { runCommand } from "./run_command.ts";
import { showCommand } from "./show_command.ts";
import { processSurroundings, type DreamCliSurroundings } from "./surroundings.ts";

const DESCRIPTION =
  "Runs D-REAM experiments: searches the parameters that a dream.yaml names, measures each candidate with that file's evaluators, and keeps the best.";

const HELP = `
A dream.yaml, in short:
  experiments:
    - name: rag_opt
      search_space:
        top_k: [3, 5, 8]                              values, or
        temperature: {min: 0.0, max: 1.0, step: 0.1}  a range (step, type: int|float, log: true)
      evaluator: {path: rag_eval.py, symbol: evaluate}   Python evaluate(params, context) -> metrics;
                                                         class: or factory: with init_kwargs:, or a .ts/.js module
      # evaluator: {command: [./measure, --fast], timeout_sec: 20, memory_mb: 512}
      #            a program: {"params", "context"} as JSON on stdin, metrics as a JSON object on stdout
      budget: {wallclock_sec: 300, max_candidates: 60, max_generations: 10}
      metrics: {target_direction: {score: up, latency_ms: down}}
      selector: {kind: tournament, tournament_size: 3}
  fitness_aggregation: {method: weighted_sum, weights: {score: 2, latency_ms: 0.001}}
  run: {artifact_root: artifacts/dream}

Results below the artifacts directory:
  <experiment>/<unix>/gen_N_candidates.jsonl   every candidate: parameters, metrics, fitness, error, duration
  <experiment>/<unix>/summary.json             the best of the run
  winners/<experiment>.json                    the best, written when the cycle is complete
  cycles/<run tag>.json                        the report, written last, also when the cycle failed or was ended

Exit codes:
${Object.values(CYCLE_EXIT)
  .map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)
  .join("\n")}

Examples:
  kloros-dream check --config dream.yaml
  kloros-dream run --config dream.yaml --artifacts artifacts/dream --experiment rag_opt --seed 7
  kloros-dream show --artifacts artifacts/dream
`;

/**
 * `kloros-dream` with these arguments (without the program's name). Resolves with the exit code; never ends the
 * process itself. The program that contains it needs nothing else: evaluators do not start it again.
 */
export async function runDreamCli(
  argv: readonly string[],
  surroundings: DreamCliSurroundings = processSurroundings(),
): Promise<number> {
  let exit: number = CYCLE_EXIT.ok.code;
  const done = (code: number): void => {
    exit = code;
  };
  const program = new Command("kloros-dream")
    .description(DESCRIPTION)
    .addHelpText("after", HELP)
    .exitOverride()
    .configureOutput({ writeOut: surroundings.stdout, writeErr: surroundings.stderr })
    .showHelpAfterError("(kloros-dream --help tells more)");
  for (const make of [runCommand, checkCommand, showCommand]) {
    const command = make({ surroundings, done });
    program.addCommand(command.copyInheritedSettings(program));
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : CYCLE_EXIT.usage.code;
    surroundings.stderr(
      `kloros-dream: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return CYCLE_EXIT.crashed.code;
  }
  return exit;
}
