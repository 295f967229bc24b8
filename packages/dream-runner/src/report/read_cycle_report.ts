import { join } from "node:path";
import { errorCode, messageOf, readBounded } from "@kloros/daemon";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { formatFileProblem, type FileProblem } from "../file_problem.ts";
import { isRunTag } from "../run_tag.ts";
import type { CycleReport } from "../types.ts";

const FILE_BYTES_MAX = 4 * 1024 * 1024;

const orNull = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Number>>(type: T) =>
  Type.Union([type, Type.Null()]);

const CycleReportSchema = Type.Object({
  schema: Type.Literal("kloros-dream-cycle/1"),
  run_tag: Type.String({ minLength: 1 }),
  started_at: Type.String(),
  ended_at: Type.String(),
  success: Type.Boolean(),
  exit_code: Type.Integer(),
  error: orNull(Type.String()),
  experiments: Type.Array(
    Type.Object({
      experiment: Type.String(),
      outcome: Type.Union(
        (["completed", "failed", "timeout", "skipped"] as const).map((one) => Type.Literal(one)),
      ),
      generations: Type.Integer(),
      candidates: Type.Integer(),
      failed: Type.Integer(),
      failures: Type.Array(Type.Object({ reason: Type.String(), count: Type.Integer() })),
      bestFitness: orNull(Type.Number()),
      artifacts: orNull(Type.String()),
      durationS: Type.Number(),
    }),
  ),
  winners: Type.Array(
    Type.Object({
      experiment: Type.String(),
      hash: Type.String(),
      fitness: Type.Number(),
      params: Type.Record(Type.String(), Type.Unknown()),
      metrics: Type.Union([Type.Record(Type.String(), Type.Number()), Type.Null()]),
      updatedAt: orNull(Type.Number()),
    }),
  ),
});

/** A report that is there and cannot be understood. */
export class CycleReportError extends Error {
  override readonly name = "CycleReportError";
  readonly problem: FileProblem;
  constructor(problem: FileProblem, options?: ErrorOptions) {
    super(formatFileProblem(problem), options);
    this.problem = problem;
  }
}

/** `<artifacts>/cycles/<run tag>.json`. Throws for a tag that is no file name. */
export function cycleReportPath(artifacts: string, runTag: string): string {
  if (!isRunTag(runTag)) {
    throw new Error(
      `run tag ${JSON.stringify(runTag)} cannot name a file; use letters, digits, ".", "_" and "-", at most 128`,
    );
  }
  return join(artifacts, "cycles", `${runTag}.json`);
}

/** Undefined when there is none (the run did not end by itself). Throws `CycleReportError`. */
export async function readCycleReport(path: string): Promise<CycleReport | undefined> {
  const fail = (problem: string, cause?: unknown): never => {
    const remedy = "treat the cycle as failed; its candidates lie beside it under the experiments' names";
    throw new CycleReportError({ file: path, line: null, column: null, problem, remedy }, { cause });
  };
  let content: unknown;
  try {
    content = JSON.parse((await readBounded(path, FILE_BYTES_MAX)).toString("utf8"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    return fail(`the report cannot be read: ${messageOf(error)}`, error);
  }
  const first = Value.Errors(CycleReportSchema, content).First();
  if (first !== undefined) return fail(`the report's ${first.path || "/"}: ${first.message.toLowerCase()}`);
  return content as CycleReport;
}
