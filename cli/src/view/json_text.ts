/** JSON for a person's terminal: indented, its control characters made harmless. */
import { printable } from "./describe_facts.ts";

export function jsonLines(value: unknown, indent = 0): readonly string[] {
  const space = " ".repeat(indent);
  const text = JSON.stringify(value, null, 2) ?? "nothing";
  return text
    .split("\n")
    .map((line) => `${space}${/^ */.exec(line)?.[0] ?? ""}${printable(line.trimStart())}`);
}
