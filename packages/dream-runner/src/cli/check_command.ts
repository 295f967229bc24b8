import { existsSync } from "node:fs";
import { Command } from "commander";
import type { DreamConfig, EvaluatorConfig, ExperimentConfig } from "../config/dream_config.ts";
import { DreamConfigError } from "../config/dream_config_error.ts";
import { readDreamConfig } from "../config/read_dream_config.ts";
import { formatFileProblem } from "../file_problem.ts";
import { CYCLE_EXIT } from "../run/cycle_exit.ts";
import { spaceSize } from "../search/genes.ts";
import type { SubcommandOptions } from "./subcommand.ts";

export function checkCommand({ surroundings, done }: SubcommandOptions): Command {
  return new Command("check")
    .description("read a dream.yaml: all errors at once, or what it would run; measures nothing")
    .requiredOption("-c, --config <file>", "the file")
    .action(async ({ config: path }: { readonly config: string }) => {
      const { stdout, stderr } = surroundings;
      try {
        const config = await readDreamConfig(path);
        for (const warning of config.warnings) stderr(`warning: ${formatFileProblem(warning)}\n`);
        for (const experiment of config.experiments) stdout(`${describe(experiment)}\n`);
        const missing = missingFiles(config);
        for (const line of missing) stderr(`error: ${line}\n`);
        done(missing.length === 0 ? CYCLE_EXIT.ok.code : CYCLE_EXIT.config.code);
      } catch (error) {
        if (!(error instanceof DreamConfigError)) throw error;
        for (const problem of error.problems) stderr(`error: ${formatFileProblem(problem)}\n`);
        done(CYCLE_EXIT.config.code);
      }
    });
}

function describe({ name, enabled, parameters, evaluator, budget }: ExperimentConfig): string {
  const state = enabled ? "" : " (disabled)";
  const candidates = spaceSize(parameters);
  const space = `${String(parameters.length)} parameters, ${Number.isFinite(candidates) ? String(candidates) : "countless"} combinations`;
  const limits = `at most ${String(budget.candidates)} candidates in ${String(budget.wallclockS)} s, each ${String(evaluator.timeoutS)} s and ${String(evaluator.memoryMb)} MB`;
  return `${name}${state}: ${space}; ${evaluatorText(evaluator)}; ${limits}`;
}

function evaluatorText(evaluator: EvaluatorConfig): string {
  if (evaluator.kind === "command") return `command ${evaluator.command.join(" ")}`;
  return `${evaluator.entry} ${evaluator.name} of ${evaluator.file}`;
}

function missingFiles({ experiments, path }: DreamConfig): string[] {
  const at = (name: string, missing: string): string[] => [`${path}: ${name}: ${missing}`];
  return experiments.flatMap(({ name, enabled, evaluator }) => {
    if (!enabled) return [];
    if (evaluator.kind !== "command" && !existsSync(evaluator.file)) {
      return at(name, `there is no evaluator file ${evaluator.file}; mend evaluator.path`);
    }
    if (evaluator.kind === "module") return [];
    const program = evaluator.kind === "command" ? (evaluator.command[0] ?? "") : evaluator.interpreter;
    if (Bun.which(program) !== null) return [];
    const where = program.includes("/") ? program : `${program} on PATH`;
    const key = evaluator.kind === "command" ? "evaluator.command" : "evaluator.python";
    return at(name, `there is no program ${where} that can be executed; install it or mend ${key}`);
  });
}
