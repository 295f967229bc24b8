import type { ParameterValue } from "../types.ts";
import type { JsonNode } from "./json_text.ts";

/** A value as JavaScript has it; undefined for an object, which is no parameter. */
export function plainValue(node: JsonNode): ParameterValue | undefined {
  switch (node.kind) {
    case "object":
      return undefined;
    case "array": {
      const items = node.items.map((item) => plainValue(item));
      return items.some((item) => item === undefined) ? undefined : (items as ParameterValue[]);
    }
    case "number":
      return plainNumber(node.lexeme, node.value);
    default:
      return node.value;
  }
}

/** An integer that a JavaScript number would change is handed on as its digits. */
function plainNumber(lexeme: string, value: number): number | string {
  const isLossy = /^-?\d+$/.test(lexeme) && !Number.isSafeInteger(value);
  return isLossy ? lexeme : value;
}
