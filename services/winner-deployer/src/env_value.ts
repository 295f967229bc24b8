/**
 * Values in an environment file. Its readers (shells, systemd's EnvironmentFile, dotenv libraries) agree only on part of
 * the syntax; what is written here reads the same in all of them. Pure.
 */
export type Quoting = "none" | "single" | "double";

/** No quoting needed anywhere; `~` is left out because a shell expands it, and nothing at all is seen best in quotes. */
const PLAIN = /^[A-Za-z0-9_.,:@%+=/-]+$/;
/**
 * What no reader is trusted with: what it may expand (some dotenv libraries do so in single quotes too), take for a line's
 * end, not show or turn around, and halves of characters, which no file can hold.
 */
const REFUSED = /[$`\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const WAYS: Readonly<Record<Quoting, (text: string) => string | undefined>> = {
  none: (text) => (PLAIN.test(text) ? text : undefined),
  single: (text) => (text.includes("'") ? undefined : `'${text}'`),
  double: (text) => (text.includes('"') ? undefined : `"${text}"`),
};

/** `text` as it is written, in the quoting asked for if that can hold it; undefined when none can. */
export function quoteValue(text: string, wanted: Quoting): string | undefined {
  if (REFUSED.test(text)) return undefined;
  for (const quoting of [wanted, "double", "single"] as const) {
    const written = WAYS[quoting](text);
    if (written !== undefined) return written;
  }
  return undefined;
}

export function quotingOf(raw: string): Quoting {
  if (raw.startsWith("'")) return "single";
  return raw.startsWith('"') ? "double" : "none";
}

/** What a written value means to a reader. */
export function unquoteValue(raw: string): string {
  const quoting = quotingOf(raw);
  const inner = raw.slice(1, -1);
  if (quoting === "none") return raw.replaceAll(/\\\r?\n/g, "").replaceAll(/\\(.)/g, "$1");
  if (raw.length < 2 || !raw.endsWith(raw.charAt(0))) return raw;
  return quoting === "single" ? inner : inner.replaceAll(/\\\r?\n/g, "").replaceAll(/\\(["\\$`])/g, "$1");
}
