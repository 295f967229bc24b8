/** How one text becomes another, line by line. Pure. */

/** Longer texts are shown as replaced: the table grows with the product of their lengths. */
const LINES_MAX = 2000;

/** `-` and `+` lines, those between left out; empty when the texts are the same. */
export function diffLines(before: string, after: string): readonly string[] {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  if (old.length > LINES_MAX || fresh.length > LINES_MAX)
    return [`- ${old.length} lines`, `+ ${fresh.length} lines`];
  const common = commonLengths(old, fresh);
  const shown: string[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) {
      i += 1;
      j += 1;
    } else if (j >= fresh.length || (i < old.length && at(common, i + 1, j) >= at(common, i, j + 1))) {
      shown.push(`- ${old[i] ?? ""}`);
      i += 1;
    } else {
      shown.push(`+ ${fresh[j] ?? ""}`);
      j += 1;
    }
  }
  return shown;
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** Length of the longest common subsequence of what follows line i of one and line j of the other. */
function commonLengths(old: readonly string[], fresh: readonly string[]): readonly Uint16Array[] {
  const table = Array.from({ length: old.length + 1 }, () => new Uint16Array(fresh.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = fresh.length - 1; j >= 0; j--) {
      const row = table[i];
      if (row === undefined) continue;
      row[j] =
        old[i] === fresh[j]
          ? at(table, i + 1, j + 1) + 1
          : Math.max(at(table, i + 1, j), at(table, i, j + 1));
    }
  }
  return table;
}

function at(table: readonly Uint16Array[], i: number, j: number): number {
  return table[i]?.[j] ?? 0;
}
