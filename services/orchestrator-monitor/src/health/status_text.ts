import type { AlertMemory, Severity } from "./alert.ts";

const NAMED_MAX = 5;
const WORST_FIRST: readonly Severity[] = ["critical", "warning", "info"];

/** What stands now, the worst first, in one line for an operator. */
export function statusText(memories: Iterable<AlertMemory>): string {
  const standing = [...memories].flatMap((memory) => Object.entries(memory.standing));
  if (standing.length === 0) return "no health alerts";
  const named = WORST_FIRST.flatMap((severity) =>
    standing.filter(([, told]) => told.severity === severity).map(([key]) => `${key} (${severity})`),
  );
  const more = named.length > NAMED_MAX ? `, and ${named.length - NAMED_MAX} more` : "";
  const count = named.length === 1 ? "1 health alert" : `${named.length} health alerts`;
  return `${count}: ${named.slice(0, NAMED_MAX).join(", ")}${more}`;
}
