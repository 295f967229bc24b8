/** The syntax tree of a CEL expression, walked: what it reads, what it calls, how deep its loops nest. Pure. */
import type { parse } from "@bufbuild/cel";

export type ParsedExpr = ReturnType<typeof parse>;
export type Expr = ParsedExpr["expr"];

/** A path from a variable through its fields: `facts.a.b` is `["facts", "a", "b"]`. */
export interface Read {
  readonly path: readonly string[];
  /** Asked for with `has()`, which only asks whether it is there. */
  readonly tested: boolean;
  readonly expr: Expr;
}

export interface Call {
  readonly name: string;
  /** A method's target is not among them. */
  readonly args: readonly Expr[];
  readonly expr: Expr;
}

export interface Found {
  readonly reads: readonly Read[];
  readonly calls: readonly Call[];
  /** Items of all lists that are written out in it. */
  readonly literalItems: number;
}

/** Everything in it, macros expanded; variables of its own loops are left out. */
export function walk(expr: Expr): Found {
  const reads: Read[] = [];
  const calls: Call[] = [];
  let literalItems = 0;
  visit(expr, new Set());
  return { reads, calls, literalItems };

  function visit(node: Expr | undefined, own: ReadonlySet<string>): void {
    if (node === undefined) return;
    const path = pathOf(node);
    if (path !== undefined) {
      if (!own.has(path.path[0] ?? "")) reads.push({ ...path, expr: node });
      return;
    }
    const { exprKind } = node;
    if (exprKind.case === "selectExpr") visit(exprKind.value.operand, own);
    if (exprKind.case === "callExpr") {
      calls.push({ name: exprKind.value.function, args: exprKind.value.args, expr: node });
      for (const child of [exprKind.value.target, ...exprKind.value.args]) visit(child, own);
    }
    if (exprKind.case === "listExpr") {
      literalItems += exprKind.value.elements.length;
      for (const child of exprKind.value.elements) visit(child, own);
    }
    if (exprKind.case === "structExpr") {
      for (const { keyKind, value } of exprKind.value.entries) {
        if (keyKind.case === "mapKey") visit(keyKind.value, own);
        visit(value, own);
      }
    }
    if (exprKind.case === "comprehensionExpr") {
      const loop = exprKind.value;
      visit(loop.iterRange, own);
      const inner = new Set([...own, loop.iterVar, loop.accuVar]);
      for (const child of [loop.accuInit, loop.loopCondition, loop.loopStep, loop.result])
        visit(child, inner);
    }
  }
}

/** A chain of fields, or of indexes by a text, that begins with a variable. */
function pathOf(node: Expr): { readonly path: readonly string[]; readonly tested: boolean } | undefined {
  const { exprKind } = node;
  if (exprKind.case === "identExpr") return { path: [exprKind.value.name], tested: false };
  if (exprKind.case === "selectExpr") {
    const before = exprKind.value.operand === undefined ? undefined : pathOf(exprKind.value.operand);
    if (before === undefined) return undefined;
    return { path: [...before.path, exprKind.value.field], tested: exprKind.value.testOnly };
  }
  if (exprKind.case === "callExpr" && exprKind.value.function === "_[_]") {
    const [target, index] = exprKind.value.args;
    const before = target === undefined ? undefined : pathOf(target);
    const key = index === undefined ? undefined : textOf(index);
    return before === undefined || key === undefined
      ? undefined
      : { path: [...before.path, key], tested: false };
  }
  return undefined;
}

/** The text of a literal text. */
export function textOf({ exprKind }: Expr): string | undefined {
  if (exprKind.case !== "constExpr") return undefined;
  const { constantKind } = exprKind.value;
  return constantKind.case === "stringValue" ? constantKind.value : undefined;
}

/** Loops inside loops: 0 for none, 1 for one over a list, 2 for one inside of another. */
export function loopDepth({ exprKind }: Expr): number {
  const deepest = (children: readonly (Expr | undefined)[]): number =>
    Math.max(0, ...children.map((child) => (child === undefined ? 0 : loopDepth(child))));
  switch (exprKind.case) {
    case "selectExpr":
      return deepest([exprKind.value.operand]);
    case "callExpr":
      return deepest([exprKind.value.target, ...exprKind.value.args]);
    case "listExpr":
      return deepest(exprKind.value.elements);
    case "structExpr":
      return deepest(
        exprKind.value.entries.flatMap(({ keyKind, value }) => [
          keyKind.case === "mapKey" ? keyKind.value : undefined,
          value,
        ]),
      );
    case "comprehensionExpr": {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value;
      return Math.max(deepest([iterRange]), 1 + deepest([accuInit, loopCondition, loopStep, result]));
    }
    default:
      return 0;
  }
}
