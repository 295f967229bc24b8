/** What `up` says last. */
import type { DeadLetter } from "@kloros/journal";
import { describeFacts, printable, shorten } from "../view/describe_facts.ts";
import { milliseconds } from "../view/flow_line.ts";
import type { FlowTally } from "./flow/flow_tally.ts";
import { megabytes } from "./copy/copy_tree.ts";
import type { View } from "./view/view.ts";
import type { WrittenFile } from "./written_files.ts";

export interface RunResult {
  readonly tally: FlowTally;
  readonly written: readonly WrittenFile[];
  readonly logs: string;
  readonly restarts: number;
  readonly deadLetters: readonly DeadLetter[];
  readonly ranMs: number;
}

export function showSummary(view: View, result: RunResult): void {
  const { tally, written, deadLetters, ranMs, restarts } = result;
  if (view.mode === "json") {
    view.result({
      signals: tally.bySignal,
      integrated: tally.integrated,
      inits_created: tally.initsCreated,
      dream_cycles: tally.cycles,
      deployed: tally.deployed,
      written,
      dead_letters: deadLetters,
      restarts,
      ran_ms: Math.round(ranMs),
    });
    return;
  }
  const { strong, faint } = view.palette;
  view.note("");
  view.note(strong(`${tally.total} signals in ${milliseconds(ranMs)}`));
  for (const [name, count] of Object.entries(tally.bySignal)) {
    view.note(`  ${String(count).padStart(5)}  ${name}`);
  }
  view.note(integratedLine(tally));
  view.note(dreamLine(tally));
  for (const { path, grewBytes, bytes } of written) {
    view.note(faint(`wrote ${path} (${megabytes(bytes)}, ${signed(grewBytes)} bytes)`));
  }
  view.note(faint(`logs in ${result.logs}`));
  if (restarts > 0) view.note(`${restarts} times a service was started again`);
  for (const letter of deadLetters) view.problem(`dead letter ${letter.n}: ${describeLetter(letter)}`);
}

function integratedLine({ integrated, initsCreated, failedIntegrations }: FlowTally): string {
  const names = integrated.length === 0 ? "no module" : shorten(integrated.join(", "), 400);
  const created = initsCreated === 0 ? "" : `; ${initsCreated} __init__.py created`;
  const failed = failedIntegrations === 0 ? "" : `; ${failedIntegrations} not integrated`;
  return `integrated ${integrated.length === 0 ? "" : `${integrated.length}: `}${names}${created}${failed}`;
}

function dreamLine({ cycles, deployed }: FlowTally): string {
  const ended = Object.entries(cycles).map(([outcome, count]) => `${count} ${outcome}`);
  const keys =
    deployed.length === 0 ? "nothing deployed" : `set ${shorten(printable(deployed.join(", ")), 400)}`;
  return ended.length === 0 ? "no D-REAM cycle" : `D-REAM cycles: ${ended.join(", ")}; ${keys}`;
}

function signed(count: number): string {
  return count >= 0 ? `+${count}` : String(count);
}

export function describeLetter(letter: DeadLetter): string {
  const { signal, consumer, reason, error } = letter;
  const what =
    typeof signal === "string"
      ? (letter.fields["intent_file"] ?? "content that is no signal")
      : `${signal.signal} ${describeFacts(signal)}`;
  return shorten(printable(`${what}: ${error} (${consumer}, ${reason})`), 300);
}
