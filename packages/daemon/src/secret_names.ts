/** Names whose values are never printed or logged. Counts such as `tokens_used` are not secrets. */
const SECRET =
  /(?:^|[_.-])(?:password|passwd|passphrase|secret|credentials?|authorization|cookie|token|apikey|api_key|private_key|secret_key|access_key)$/;

export const REDACTED = "[redacted]";

export function isSecretName(name: string): boolean {
  return SECRET.test(name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase());
}

/** A password inside a URL. */
export function redactText(text: string): string {
  return text.includes("://") ? text.replaceAll(/(:\/\/[^\s:/@]*:)[^\s@/]+@/g, `$1${REDACTED}@`) : text;
}

const DEPTH_MAX = 8;
const ITEMS_MAX = 200;

/** A copy of `value` without secrets, bounded in depth and width, that JSON can write. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEPTH_MAX) return "[too deep]";
  if (value instanceof Error) return describeError(value, depth);
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => redact(item, depth + 1));
  const entries = Object.entries(value).slice(0, ITEMS_MAX);
  return Object.fromEntries(
    entries.map(([name, inner]) => [name, isSecretName(name) ? REDACTED : redact(inner, depth + 1)]),
  );
}

/** Errors carry their facts in properties that JSON does not show. */
function describeError(error: Error, depth: number): object {
  const cause = error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) };
  const code = "code" in error ? { code: redact(error.code, depth + 1) } : {};
  // The stack begins with the message.
  const stack = error.stack === undefined ? {} : { stack: redactText(error.stack) };
  return { type: error.name, message: redactText(error.message), ...code, ...stack, ...cause };
}
