/** An expression at its place in the file: compiled, checked, its mistakes told there. Pure. */
import { compileExpression } from "../expression/expression.ts";
import type { Expression } from "../expression/expression.ts";
import { checkExpression } from "./check_expression.ts";
import type { ExpressionUse } from "./check_expression.ts";
import type { Reporter } from "./reporter.ts";
import type { YamlPath } from "./yaml_places.ts";

export interface ExpressionRole extends ExpressionUse {
  readonly reporter: Reporter;
}

/** Compiles and checks an expression that stands at a path; undefined: there is none, or it is wrong. */
export function expressionAt(
  text: string | undefined,
  path: YamlPath,
  role: ExpressionRole,
  /** Characters that stand before the expression in its value. */
  lead = 0,
): Expression | undefined {
  if (text === undefined) return undefined;
  const compiled = compileExpression(text);
  const inside = (place: { readonly line: number; readonly column: number }) => ({
    line: place.line,
    column: place.column + (place.line === 1 ? lead : 0),
  });
  if (!compiled.ok) {
    const { problem } = compiled;
    role.reporter.inside(path, inside(problem), problem.text, "mend the expression from there on");
    return undefined;
  }
  for (const problem of checkExpression(compiled.expression, role)) {
    role.reporter.inside(path, inside(problem), problem.text, problem.remedy);
  }
  return compiled.expression;
}
