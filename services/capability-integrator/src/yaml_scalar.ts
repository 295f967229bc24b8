/**
 * Writes a string so that readers of YAML 1.1 and of 1.2 load the same string back.
 *
 * YAML 1.1 turns many plain words into something else: `on` and `y` into booleans, `1:30` into 90, `007` into 7,
 * `2025-11-08` into a date. So a plain scalar is used only for what no resolver of either version touches.
 */

/** Resolved as a boolean or null by some YAML 1.1 reader (the specification names y and n as well). */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

/** Starts with a letter (so it is no number, date or operator) and holds no character that can end a plain scalar. */
const PLAIN = /^[A-Za-z_](?:[A-Za-z0-9_ ()./-]*[A-Za-z0-9_)])?$/;

/** Printable in YAML 1.1 and free of line breaks: fits between single quotes. */
const SINGLE_QUOTABLE = /^[\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$/;

/** The text of `value` as a scalar of a block mapping, key or value; always on one line. */
export function yamlScalar(value: string): string {
  if (PLAIN.test(value) && !RESERVED.test(value)) return value;
  if (SINGLE_QUOTABLE.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return yamlDoubleQuoted(value);
}

/**
 * The text of `value` between double quotes, for flow mappings (it is valid JSON as well when the text is ASCII
 * or printable) and for what single quotes cannot hold. A lone surrogate has no UTF-8 form: callers refuse it.
 */
export function yamlDoubleQuoted(value: string): string {
  let out = '"';
  for (const char of value) out += escaped(char);
  return `${out}"`;
}

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (char === '"' || char === "\\") return `\\${char}`;
  if (SINGLE_QUOTABLE.test(char)) return char;
  // Surrogate pairs as JSON writes them are read by YAML as two code points, hence \U for what lies beyond 0xffff.
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, "0");
}
