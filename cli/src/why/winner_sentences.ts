/** What became of winners, in sentences. Pure. */
import type { WinnerRecord } from "@kloros/winner-deployer";
import { fact, isFacts, type Facts } from "../view/fact_text.ts";

/** Those that a signal of the deployer is about: named in it, or won by the cycle it names. */
export function winnersOf(facts: Facts, known: readonly WinnerRecord[]): readonly WinnerRecord[] {
  const runTag = fact(facts, "dream_cycle_id") || fact(facts, "run_tag");
  const { winners } = facts;
  const named = new Set(
    (Array.isArray(winners) ? winners.filter(isFacts) : []).map(
      (one) => `${fact(one, "experiment")}:${fact(one, "hash")}`,
    ),
  );
  return known.filter(({ id, run_tag: won }) =>
    named.size > 0 ? named.has(id) : won === runTag && runTag !== "",
  );
}

/** Its state is that of now. */
export function winnerSentence({ id, state, reason, keys, when }: WinnerRecord): string {
  const sets = keys
    .map(({ key, old, new: value }) => `${key}: ${old ?? "(not there)"} → ${value}`)
    .join(", ");
  const next = state === "held" ? `; kloros winners approve ${id}` : "";
  return `${id} is ${state.replace("_", " ")} since ${when}: ${reason}${sets === "" ? "" : ` (${sets})`}${next}`;
}
