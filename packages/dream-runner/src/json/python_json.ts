/** What Python's `json.dumps(json.loads(text), sort_keys=True)` writes, byte for byte. */
import type { JsonNode } from "./json_text.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};
const TO_ESCAPE = /["\\]|[^ -~]/g;
/** CPython writes a float with an exponent outside of these powers of ten (`float_repr_style` short, format `r`). */
const FIXED_FROM_EXPONENT = -4;
const FIXED_BELOW_EXPONENT = 16;

export function renderPython(node: JsonNode): string {
  switch (node.kind) {
    case "object": {
      const entries = [...node.entries].toSorted(([a], [b]) => compareCodePoints(a, b));
      return `{${entries.map(([key, value]) => `${pythonString(key)}: ${renderPython(value)}`).join(", ")}}`;
    }
    case "array":
      return `[${node.items.map((item) => renderPython(item)).join(", ")}]`;
    case "string":
      return pythonString(node.value);
    case "number":
      return pythonNumber(node.lexeme, node.value);
    default:
      return String(node.value);
  }
}

/** As `repr` of a Python float: always with a point or an exponent. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa = "0", power = "0"] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  return sign + placePoint(digits, Number(power));
}

/** `digits` with one digit before the point, times ten to `exponent`. */
function placePoint(digits: string, exponent: number): string {
  if (exponent < FIXED_FROM_EXPONENT || exponent >= FIXED_BELOW_EXPONENT) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const power = String(Math.abs(exponent)).padStart(2, "0");
    return `${digits.slice(0, 1)}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${whole}.${digits.slice(exponent + 1) || "0"}`;
}

function pythonNumber(lexeme: string, value: number): string {
  const isInteger = /^-?\d+$/.test(lexeme);
  if (!isInteger) return pythonFloat(value);
  return lexeme === "-0" ? "0" : lexeme;
}

function pythonString(value: string): string {
  const inner = value.replace(
    TO_ESCAPE,
    (unit) => ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${inner}"`;
}

/** Python orders strings by code point, JavaScript by UTF-16 unit; they differ above U+FFFF. */
function compareCodePoints(left: string, right: string): number {
  const [a, b] = [Array.from(left), Array.from(right)];
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const difference = (a[index]?.codePointAt(0) ?? 0) - (b[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
