/**
 * What can be known to be wrong with an expression before it meets a signal: variables, facts and functions that do not
 * exist, patterns that are none, a result of the wrong kind. Pure.
 */
import type { SignalDefinition } from "@kloros/signal-schema";
import { isCelError, isCelList, run } from "@bufbuild/cel";
import type { TSchema } from "@sinclair/typebox";
import { environment } from "../expression/expression.ts";
import type { Evaluated, Expression } from "../expression/expression.ts";
import { bindSignal } from "../expression/bind_signal.ts";
import { textOf, walk } from "../expression/walk.ts";
import type { Call, Expr, Found, Read } from "../expression/walk.ts";
import { meant } from "./reporter.ts";

/** Where an expression is used, and for what. */
export interface ExpressionUse {
  /** Signals on which it is evaluated. */
  readonly on: readonly SignalDefinition[];
  readonly result: "bool" | "texts" | "any";
  /** Variables beside facts, signal and now. */
  readonly variables?: readonly string[];
}

export interface CheckedProblem {
  readonly line: number;
  readonly column: number;
  readonly text: string;
  readonly remedy: string;
}

const SIGNAL_FIELDS = ["name", "id", "source", "timestamp"];
const VARIABLES = ["facts", "signal", "now"];
/** Names that CEL itself knows. */
const TYPES: ReadonlySet<string> = new Set([
  "bool",
  "int",
  "uint",
  "double",
  "string",
  "bytes",
  "list",
  "map",
  "null_type",
  "type",
  "google",
]);
/** Names of functions; operators are called `_+_` and the like. */
const FUNCTIONS: ReadonlySet<string> = new Set([...environment.funcs].map(({ name }) => name));

export function checkExpression(expression: Expression, role: ExpressionUse): readonly CheckedProblem[] {
  const found = walk(expression.parsed.expr);
  const at = (expr: Expr, text: string, remedy: string): CheckedProblem => ({
    ...placeOf(expression, expr),
    text,
    remedy,
  });
  const problems = [
    ...found.reads.flatMap((read) => readProblem(read, found, role, at)),
    ...found.calls.flatMap((call) => callProblem(call, at)),
  ];
  // Only an expression without such mistakes says by its trial what else is wrong.
  return problems.length > 0 ? problems : trialProblems(expression, role);
}

type At = (expr: Expr, text: string, remedy: string) => CheckedProblem;

function readProblem(read: Read, found: Found, role: ExpressionUse, at: At): readonly CheckedProblem[] {
  const [variable = "", field] = read.path;
  const variables = [...VARIABLES, ...(role.variables ?? [])];
  if (!variables.includes(variable)) {
    return TYPES.has(variable)
      ? []
      : [at(read.expr, `there is no variable "${variable}"`, `use ${variables.join(", ")}`)];
  }
  if (field === undefined) return [];
  if (variable === "signal" && !SIGNAL_FIELDS.includes(field)) {
    return [at(read.expr, `signal has no field "${field}"`, meant(field, SIGNAL_FIELDS))];
  }
  return variable === "facts" ? factProblem(read, found, role, at) : [];
}

function factProblem(read: Read, found: Found, role: ExpressionUse, at: At): readonly CheckedProblem[] {
  const path = read.path.slice(1);
  const having = role.on.filter(({ facts }) => hasPath(facts, path));
  if (role.on.length === 0 || having.length === role.on.length) return [];
  const text = read.path.join(".");
  if (having.length === 0) {
    const names = role.on.map(({ name }) => name).join(", ");
    const known = [...new Set(role.on.flatMap(({ facts }) => Object.keys(facts.properties)))];
    return [at(read.expr, `${names} has no fact "${path.join(".")}"`, meant(path[0] ?? "", known))];
  }
  const guarded = read.tested || found.reads.some((one) => one.tested && one.path.join(".") === text);
  if (guarded) return [];
  const lacking = role.on.filter((one) => !having.includes(one)).map(({ name }) => name);
  return [at(read.expr, `${lacking.join(", ")} has no fact "${path.join(".")}"`, `ask first: has(${text})`)];
}

/** Where the schema stops saying what is inside, anything may be. */
function hasPath(schema: TSchema, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  const properties = schema["properties"] as Readonly<Record<string, TSchema>> | undefined;
  if (first === undefined || properties === undefined) return true;
  const member = Object.hasOwn(properties, first) ? properties[first] : undefined;
  return member !== undefined && hasPath(member, rest);
}

function callProblem({ name, args, expr }: Call, at: At): readonly CheckedProblem[] {
  if (/^[A-Za-z]/.test(name) && !FUNCTIONS.has(name)) {
    const functions = [...FUNCTIONS].filter((one) => /^[a-z]/i.test(one));
    return [at(expr, `there is no function ${name}()`, meant(name, functions))];
  }
  const pattern = name === "matches" ? args.map(textOf).at(-1) : undefined;
  if (pattern === undefined) return [];
  const tried = run("''.matches(pattern)", { pattern });
  if (!isCelError(tried)) return [];
  return [at(expr, `"${pattern}" is no pattern: ${tried.message}`, "write it as RE2 reads it")];
}

/** Evaluates it on the examples of its signals: what depends on what is not in an example stays unknown. */
function trialProblems(expression: Expression, role: ExpressionUse): readonly CheckedProblem[] {
  for (const definition of role.on) {
    for (const facts of definition.examples) {
      const problem = tryOn(expression, definition, facts, role);
      if (problem !== undefined) {
        return [{ line: 1, column: 1, ...problem }];
      }
    }
  }
  return [];
}

function tryOn(
  expression: Expression,
  definition: SignalDefinition,
  facts: object,
  role: ExpressionUse,
): { readonly text: string; readonly remedy: string } | undefined {
  const bound = bindSignal(trialSignal(definition.name, facts), { wallMs: TRIAL_MS });
  const bindings = { ...bound.bindings, ...(role.variables === undefined ? {} : { subjects: [] }) };
  const evaluate = (one: Pick<Expression, "evaluate">): Evaluated =>
    one.evaluate(bindings, bound.listSizeMax);
  for (const part of role.result === "bool" ? expression.parts : [expression]) {
    const result = evaluate(part);
    if (!result.ok && /overload|no such|unbound|too much/.test(result.error)) {
      return {
        text: `\`${part.text}\` cannot be worked out: ${result.error}`,
        remedy: result.error.includes("too much") ? "loop less" : "compare like with like",
      };
    }
    if (result.ok && !fits(result.value, role.result)) {
      const wanted = role.result === "bool" ? "true or false" : "a list of texts";
      return { text: `\`${part.text}\` gives no ${wanted}`, remedy: `write what gives ${wanted}` };
    }
  }
  return undefined;
}

function fits(value: unknown, wanted: ExpressionUse["result"]): boolean {
  if (wanted === "bool") return typeof value === "boolean";
  return wanted === "any" || (isCelList(value) && [...value].every((item) => typeof item === "string"));
}

const TRIAL_MS = Date.UTC(2025, 10, 14, 10, 30);

export function trialSignal(name: string, facts: object) {
  const id = "00000000-0000-7000-8000-000000000000";
  return { signal: name, id, source: "trial", timestamp: new Date(TRIAL_MS).toISOString(), facts };
}

/** From the parser's own table; a macro's parts point to the macro. */
function placeOf(
  { parsed, text }: Expression,
  expr: Expr,
): { readonly line: number; readonly column: number } {
  const offset = parsed.sourceInfo?.positions[String(leftmost(expr).id)] ?? 0;
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** A chain of fields begins where its variable does. */
function leftmost(expr: Expr): Expr {
  const { exprKind } = expr;
  const operand = exprKind.case === "selectExpr" ? exprKind.value.operand : undefined;
  return operand === undefined ? expr : leftmost(operand);
}
