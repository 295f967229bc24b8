/** JSON that stays JSON: one value somewhere in it becomes another that its reader may not expect. */
import type { Choices } from "./choices.ts";

const HOSTILE_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 1,
  "",
  " ",
  "\0",
  "\uD800",
  "__proto__",
  "9".repeat(300),
  "x".repeat(5000),
  [],
  [[]],
  {},
  { a: { b: [null] } },
  Array.from({ length: 600 }, (_, index) => index),
];

/** `bytes` up to a zero byte, if there is one; undefined: they are no JSON. */
export function exchangeValue(bytes: Uint8Array, choices: Choices): Uint8Array | undefined {
  const zero = bytes.indexOf(0);
  const end = zero < 0 ? bytes.length : zero;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.subarray(0, end)).toString("utf8"));
  } catch {
    return undefined;
  }
  const changed = JSON.stringify(changedOnce(value, choices));
  return Buffer.concat([Buffer.from(changed), bytes.subarray(end)]);
}

function changedOnce(value: unknown, choices: Choices): unknown {
  if (typeof value !== "object" || value === null || choices.below(4) === 0)
    return choices.pick(HOSTILE_VALUES);
  if (Array.isArray(value)) {
    const at = choices.below(value.length + 1);
    return value.toSpliced(at, choices.below(2), changedOnce(value[at], choices));
  }
  const entries = Object.entries(value);
  const at = choices.below(entries.length + 1);
  const [key, inner] = entries[at] ?? ["__proto__", undefined];
  if (choices.below(6) === 0) return Object.fromEntries(entries.toSpliced(at, 1));
  return Object.fromEntries(entries.toSpliced(at, 1, [key, changedOnce(inner, choices)]));
}
