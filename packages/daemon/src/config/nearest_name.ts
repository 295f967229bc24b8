/** The candidate that a typing mistake most likely meant; undefined when none is close. */
export function nearestName(typed: string, candidates: readonly string[]): string | undefined {
  const plain = fold(typed);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of candidates) {
    const distance = editDistance(plain, fold(name));
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  const tolerated = Math.max(1, Math.floor(typed.length / 4));
  return best !== undefined && best.distance <= tolerated ? best.name : undefined;
}

/** `log_level`, `log-level` and `logLevel` are one name to a person. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}

/** Levenshtein with transposition of neighbours; names are short (≤ 64 characters are compared). */
export function editDistance(left: string, right: string): number {
  const a = left.slice(0, 64);
  const b = right.slice(0, 64);
  let twoAgo: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(twoAgo, j - 2) + 1);
      }
      current.push(cost);
    }
    twoAgo = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.MAX_SAFE_INTEGER;
}
