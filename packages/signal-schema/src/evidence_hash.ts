/**
 * What identifies the evidence of a question. Golden values in FACTS B5: the Python side computes the same, and Python
 * sorts by code point, where JavaScript's default order compares UTF-16 units and so puts 😀 before U+FFEE.
 */
import { shortHash } from "./sha256.ts";

function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const difference = rank(left.charCodeAt(index)) - rank(right.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** UTF-16 order becomes code point order when surrogates (0xD800–0xDFFF) rank above 0xE000–0xFFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** First 16 hex digits of SHA-256 of the evidence, sorted by code point and joined with `|`. */
export function evidenceHash(evidence: readonly string[]): string {
  return shortHash(evidence.toSorted(compareCodePoints).join("|"));
}

/** Without `age_days:…`, which changes daily and says nothing new (DESIGN 4.3). */
export function stableEvidence(evidence: readonly string[]): string[] {
  return evidence.filter((entry) => !entry.startsWith("age_days:"));
}
