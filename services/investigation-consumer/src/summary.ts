/** A record's summary for the completion, within a number of bytes. Pure. */
import type { InvestigationSummary } from "@kloros/signal-schema";
import type { ModuleRecord } from "./record.ts";

/** Lists in the order in which they are given room: what decides something downstream before what is nice to read. */
const LISTS = [
  "integration_points",
  "entry_points",
  "capabilities",
  "key_abstractions",
  "imports",
  "classes",
  "functions",
  "callable_interface",
  "docstrings",
] as const;
type ListName = (typeof LISTS)[number];

/** The schema's bound on entries of one list and on the characters of one entry. */
const ENTRIES_MAX = 2_048;
const ENTRY_CHARACTERS_MAX = 1_000;
/** Each list first gets an equal part, so that one long list does not starve those behind it. */
const FAIR_PART = 1 / LISTS.length;

export function boundedSummary(
  record: ModuleRecord,
  bytesMax: number,
): { readonly summary: InvestigationSummary; readonly truncated: boolean } {
  const whole = listsOf(record);
  const base = {
    files_analyzed: record.files_analyzed.length,
    total_lines: record.structure.total_lines,
    complexity: record.complexity,
    ...(record.llm_analysis.purpose === null ? {} : { purpose: record.llm_analysis.purpose }),
  };
  const frame = bytesOf(JSON.stringify({ ...base, ...emptyLists() }));
  const taken = share(whole, bytesMax - frame);
  const lists = Object.fromEntries(LISTS.map((name) => [name, whole[name].slice(0, taken[name])]));
  return {
    summary: { ...base, ...lists },
    truncated: LISTS.some((name) => taken[name] < sourceLength(record, name)),
  };
}

/** How many entries of each list fit: a fair part for each, then what is left over in the order of `LISTS`. */
function share(lists: Record<ListName, readonly string[]>, bytesMax: number): Record<ListName, number> {
  const taken = Object.fromEntries(LISTS.map((name) => [name, 0])) as Record<ListName, number>;
  let left = bytesMax;
  const fill = (name: ListName, budget: number): void => {
    let spent = 0;
    for (const entry of lists[name].slice(taken[name])) {
      const cost = bytesOf(JSON.stringify(entry)) + 1;
      if (spent + cost > budget) break;
      spent += cost;
      taken[name] += 1;
    }
    left -= spent;
  };
  for (const name of LISTS) fill(name, Math.floor(bytesMax * FAIR_PART));
  for (const name of LISTS) fill(name, left);
  return taken;
}

function listsOf(record: ModuleRecord): Record<ListName, readonly string[]> {
  const { structure } = record;
  return {
    integration_points: bounded(record.integration_points),
    entry_points: bounded(record.entry_points),
    capabilities: bounded(record.capabilities),
    key_abstractions: bounded(record.key_abstractions),
    imports: bounded(structure.imports),
    classes: bounded(structure.classes.map(({ name }) => name)),
    functions: bounded(structure.functions.map(({ name }) => name)),
    callable_interface: bounded(record.callable_interface),
    docstrings: bounded(structure.docstrings),
  };
}

function sourceLength(record: ModuleRecord, name: ListName): number {
  const { structure } = record;
  if (name === "imports" || name === "classes" || name === "functions" || name === "docstrings") {
    return structure[name].length;
  }
  return record[name].length;
}

function bounded(entries: readonly string[]): string[] {
  return entries.slice(0, ENTRIES_MAX).map((entry) => entry.slice(0, ENTRY_CHARACTERS_MAX).toWellFormed());
}

function emptyLists(): Record<ListName, readonly string[]> {
  return Object.fromEntries(LISTS.map((name) => [name, []])) as unknown as Record<
    ListName,
    readonly string[]
  >;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
