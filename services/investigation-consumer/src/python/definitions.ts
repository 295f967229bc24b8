/** Reads what a class, a function or an import says about itself from its syntax node. */
import type { Node } from "web-tree-sitter";
import { docstringOf } from "./docstring.ts";
import { TEXT_LIMITS } from "./file_structure.ts";

export function nameOf(definition: Node): string {
  return cut(definition.childForFieldName("name")?.text ?? "", TEXT_LIMITS.nameMax);
}

/** The literal that opens the body. */
export function docstringIn(definition: Node): string | null {
  const first = definition.childForFieldName("body")?.namedChildren.find((child) => child.type !== "comment");
  if (first?.type !== "expression_statement") return null;
  const literal = first.namedChild(0);
  return literal?.type === "string" ? docstring(literal) : null;
}

export function docstring(literal: Node): string | null {
  const text = docstringOf(literal.text);
  return text === null ? null : cut(text, TEXT_LIMITS.docstringMax);
}

export function basesOf(definition: Node): string[] {
  const list = definition.childForFieldName("superclasses");
  return (list?.namedChildren ?? [])
    .filter((base) => base.type !== "keyword_argument" && base.type !== "comment")
    .map((base) => cut(oneLine(base.text), TEXT_LIMITS.nameMax));
}

export function isAsync(definition: Node): boolean {
  return definition.child(0)?.type === "async";
}

export function argsOf(definition: Node): string[] {
  const list = definition.childForFieldName("parameters")?.namedChildren ?? [];
  return list.flatMap((parameter) => {
    const name = argName(parameter);
    return name === null ? [] : [cut(name, TEXT_LIMITS.nameMax)];
  });
}

/** Null for `*` and `/` alone and for comments: they name nothing. */
function argName(parameter: Node): string | null {
  switch (parameter.type) {
    case "identifier":
    case "list_splat_pattern":
    case "dictionary_splat_pattern":
      return parameter.text;
    case "typed_parameter":
      return parameter.namedChild(0)?.text ?? null;
    case "default_parameter":
    case "typed_default_parameter":
      return parameter.childForFieldName("name")?.text ?? null;
    default:
      return null;
  }
}

export function signatureOf(definition: Node): string {
  const parameters = oneLine(definition.childForFieldName("parameters")?.text ?? "()");
  const returns = definition.childForFieldName("return_type")?.text;
  const arrow = returns === undefined ? "" : ` -> ${oneLine(returns)}`;
  return cut(parameters + arrow, TEXT_LIMITS.signatureMax);
}

/** `(self, device, rate=16000)` → `(device, rate=16000)`. */
export function withoutSelf(signature: string): string {
  return signature.replace(/^\(\s*\w+\s*(?:,\s*)?/, "(").replace(/\) -> None$/, ")");
}

/** Dotted names that an import statement brings in. */
export function importedNames(statement: Node): string[] {
  if (statement.type === "future_import_statement") return ["__future__"];
  const from = statement.childForFieldName("module_name");
  if (from !== null && !/^\.+$/.test(from.text)) return [cut(from.text, TEXT_LIMITS.nameMax)];
  const dots = from?.text ?? "";
  const names = statement.namedChildren.filter((child) => child.id !== from?.id).map(importedName);
  return names.filter((name) => name !== null).map((name) => cut(dots + name, TEXT_LIMITS.nameMax));
}

function importedName(node: Node): string | null {
  if (node.type === "dotted_name") return node.text;
  if (node.type === "aliased_import") return node.childForFieldName("name")?.text ?? null;
  return null;
}

const MAIN_GUARD = /__name__\s*==\s*["']__main__["']|["']__main__["']\s*==\s*__name__/;

export function isMainGuard(branch: Node): boolean {
  if (branch.type !== "if_statement") return false;
  return MAIN_GUARD.test(branch.childForFieldName("condition")?.text ?? "");
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

/** Never within a surrogate pair. */
function cut(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  return `${text
    .slice(0, lengthMax - 1)
    .toWellFormed()
    .replace(/\uFFFD$/, "")}…`;
}
