import { createHash } from "node:crypto";
import { parseJsonText } from "../json/json_text.ts";
import { renderPython } from "../json/python_json.ts";

const HASH_DIGITS = 16;

/**
 * First 16 hex digits of SHA-256 of the parameters as Python's `json.dumps(params, sort_keys=True)` writes them.
 * `paramsJsonText`: the parameters' own JSON text, because `5` and `5.0` have different hashes.
 * Throws `JsonTextError`.
 */
export function winnerHash(paramsJsonText: string): string {
  const rendered = renderPython(parseJsonText(paramsJsonText));
  return createHash("sha256").update(rendered).digest("hex").slice(0, HASH_DIGITS);
}
