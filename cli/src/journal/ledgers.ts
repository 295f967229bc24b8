/** Compares the journal with the files that services write beside it. */
import { readFileSync, statSync } from "node:fs";
import type { Installation } from "@kloros/daemon";

export interface LedgerResult {
  readonly file: string;
  /** Entries that both could be asked about. */
  readonly compared: number;
  /** In words. */
  readonly differences: readonly string[];
  /** Why nothing was compared; null: something was. */
  readonly skipped: string | null;
}

type Paths = Pick<Installation, "journal" | "investigationsLog" | "integratedLog" | "failedSignals">;

/** Larger files are left to their own tools, bytes. */
const BYTES_MAX = 256 * 1024 * 1024;

/** The journal is read first: what it tells of was in its file before. */
export async function compareLedgers(paths: Paths): Promise<LedgerResult[]> {
  const journal = await import("@kloros/journal");
  const letters = journal.letterNumbers(paths.journal);
  const investigated = [...journal.saidSignals(paths.journal, "Q_INVESTIGATION_COMPLETE")].filter(ofItself);
  const integrated = [...journal.saidSignals(paths.journal, "Q_MODULE_INTEGRATED")].filter(
    ({ facts }) => facts["already_present"] !== true,
  );
  return [
    read(paths.failedSignals, (lines) => compareLetters(lines, letters)),
    read(paths.investigationsLog, (lines) =>
      compareSaid(lines, investigated, { line: "timestamp", fact: "investigation_timestamp" }),
    ),
    read(paths.integratedLog, (lines) =>
      compareSaid(lines, integrated, { line: "module_path", fact: "module_path" }),
    ),
  ];
}

interface Said {
  readonly seq: number;
  readonly facts: Readonly<Record<string, unknown>>;
}
type Line = Readonly<Record<string, unknown>>;

/** Answered without work of its own: there is no record of it. */
function ofItself({ facts: { outcome, status } }: Said): boolean {
  return outcome === "completed" || (outcome === undefined && status === "completed");
}

/** A file that is not there has no lines. */
function read(
  file: string,
  compare: (lines: readonly Line[]) => Pick<LedgerResult, "compared" | "differences">,
): LedgerResult {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > BYTES_MAX) {
    const skipped = `it is larger than ${BYTES_MAX / 1024 ** 2} MiB`;
    return { file, compared: 0, differences: [], skipped };
  }
  const lines = size === 0 ? [] : readFileSync(file, "utf8").split("\n").flatMap(parse);
  return { file, skipped: null, ...compare(lines) };
}

/** Foreign lines and torn ones are nobody's. */
function parse(text: string): Line[] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? [value as Line] : [];
  } catch {
    return [];
  }
}

/** The bus writes them in order: between the first and the last one of ours, none is left out and none is another. */
function compareLetters(
  lines: readonly Line[],
  letters: readonly { readonly n: number; readonly id: string }[],
): Pick<LedgerResult, "compared" | "differences"> {
  const written = new Map<number, unknown>();
  for (const { dead_letter: n, id } of lines) if (typeof n === "number") written.set(n, id);
  const first = Math.min(...written.keys());
  const last = Math.max(...written.keys());
  const both = letters.filter(({ n }) => n >= first && n <= last);
  const differences = both.flatMap(({ n, id }) => {
    if (!written.has(n)) return [`dead letter ${n} is not in it`];
    return written.get(n) === id
      ? []
      : [`dead letter ${n} is ${id} in the journal, ${String(written.get(n))} in it`];
  });
  return { compared: both.length, differences };
}

/** What the journal says was done stands in the file. */
function compareSaid(
  lines: readonly Line[],
  said: readonly Said[],
  { line, fact }: { readonly line: string; readonly fact: string },
): Pick<LedgerResult, "compared" | "differences"> {
  const written = new Set(lines.map((one) => one[line]));
  const differences = said
    .filter(({ facts }) => !written.has(facts[fact]))
    .map(({ seq, facts }) => `signal ${seq} tells of ${String(facts[fact])}, which is not in it`);
  return { compared: said.length, differences };
}
