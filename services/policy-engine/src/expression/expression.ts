/**
 * A CEL expression (Common Expression Language) of a rule: parsed once, evaluated on each signal. Pure.
 *
 * CEL has no loops but those over lists that are there, and its regular expressions run in linear time; what remains to
 * be bounded is the length of an expression, how deep it nests, and how often lists are run through inside each other.
 */
import { celEnv, isCelError, parse, plan, unparse } from "@bufbuild/cel";
import type { CelInput, CelResult } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { messageOf } from "@kloros/daemon";
import { loopDepth, walk, type Expr, type ParsedExpr } from "./walk.ts";

/** Characters. The longest that a person still reads. */
export const EXPRESSION_LENGTH_MAX = 4000;
/** Brackets within brackets: the parser goes back and forth over them. */
const NESTING_MAX = 24;
/** Parts of a condition that are evaluated and kept one by one. */
const PARTS_MAX = 32;
/** Steps that loops over lists may take; above a million an evaluation would be felt. */
const LOOP_STEPS_MAX = 1_000_000;

export type Bindings = Readonly<Record<string, CelInput>>;

export interface Expression {
  readonly text: string;
  readonly parsed: ParsedExpr;
  /** What stands between the outermost `&&`; the whole when there is none. */
  readonly parts: readonly ExpressionPart[];
  /** `listSizeMax`: length of the longest list that the bindings hold. Never throws: an error is a value. */
  evaluate(bindings: Bindings, listSizeMax: number): Evaluated;
}

export interface ExpressionPart {
  readonly text: string;
  readonly expr: Expr;
  evaluate(bindings: Bindings, listSizeMax: number): Evaluated;
}

export type Evaluated =
  | { readonly ok: true; readonly value: Exclude<CelResult, Error> }
  | { readonly ok: false; readonly error: string };

/** Where in the expression's own text, from 1. */
export interface ExpressionProblem {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

export type Compiled =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly problem: ExpressionProblem };

export const environment = celEnv({ funcs: strings });

export function compileExpression(text: string): Compiled {
  const problem = limitProblem(text);
  if (problem !== undefined) return { ok: false, problem: { line: 1, column: 1, text: problem } };
  let parsed: ParsedExpr;
  try {
    parsed = parse(text);
  } catch (error) {
    return { ok: false, problem: syntaxProblem(error) };
  }
  const partOf = (expr: Expr): ExpressionPart => ({
    text: unparse({ ...parsed, expr }),
    expr,
    evaluate: evaluator(expr),
  });
  const expression: Expression = {
    text,
    parsed,
    parts: conjuncts(parsed.expr).slice(0, PARTS_MAX).map(partOf),
    evaluate: evaluator(parsed.expr),
  };
  return { ok: true, expression };
}

function limitProblem(text: string): string | undefined {
  if (text.length > EXPRESSION_LENGTH_MAX) {
    return `the expression has ${String(text.length)} characters, more than ${String(EXPRESSION_LENGTH_MAX)}`;
  }
  let depth = 0;
  for (const character of text) {
    if ("([{".includes(character)) depth += 1;
    if (")]}".includes(character)) depth -= 1;
    if (depth > NESTING_MAX) return `brackets nest deeper than ${String(NESTING_MAX)}`;
  }
  return undefined;
}

/** The parser's error says where it stopped, in a shape of its own. */
function syntaxProblem(error: unknown): ExpressionProblem {
  const { rawMessage, location } = error as {
    readonly rawMessage?: string;
    readonly location?: { readonly start: { readonly line: number; readonly column: number } };
  };
  const text = rawMessage ?? messageOf(error);
  const { line, column } = location?.start ?? { line: 1, column: 1 };
  return { line, column, text: `this is no CEL expression: ${shortened(text)}` };
}

/** It may list everything that could stand there. */
function shortened(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function conjuncts(expr: Expr): readonly Expr[] {
  const { exprKind } = expr;
  if (exprKind.case !== "callExpr" || exprKind.value.function !== "_&&_") return [expr];
  return exprKind.value.args.flatMap(conjuncts);
}

function evaluator(expr: Expr): ExpressionPart["evaluate"] {
  const depth = loopDepth(expr);
  const { literalItems } = walk(expr);
  let run: ((bindings: Record<string, CelInput>) => CelResult) | undefined;
  return (bindings, listSizeMax) => {
    const size = listSizeMax + literalItems;
    if (depth > 1 && size ** depth > LOOP_STEPS_MAX) {
      return { ok: false, error: `loops ${String(depth)} deep over lists of ${String(size)} are too much` };
    }
    try {
      run ??= plan(environment, expr) as (bindings: Record<string, CelInput>) => CelResult;
      const value = run({ ...bindings });
      return isCelError(value) ? { ok: false, error: value.message } : { ok: true, value };
    } catch (error) {
      return { ok: false, error: messageOf(error) };
    }
  };
}
