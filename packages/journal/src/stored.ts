/**
 * What follows from storing a signal, in the transaction that stores it: a report for people, its deadline or the one that it
 * answers, and whether it goes round in circles. What does is stored and reaches nobody: its deliveries are dead letters.
 */
import { LoopDetected, createChild } from "@kloros/signal-schema";
import { recordDeadLetter, recordReported } from "./dead-letters/dead_letters.ts";
import type { Host } from "./host.ts";
import type { Loop } from "./loop_guard.ts";
import { type PreparedSignal, prepareSignal } from "./prepare.ts";
import { DEAD } from "./schema.ts";
import { type Transaction, settleRow } from "./transaction.ts";

/** `wanted`: a person asked for this repetition. */
export function followUp(
  tx: Transaction,
  host: Host,
  s: PreparedSignal,
  { seq, wanted = false }: { readonly seq: number; readonly wanted?: boolean },
): void {
  if (s.kind === "error") recordReported(tx, s, seq);
  const loop = wanted ? undefined : host.loops.judge(tx, s, host.now);
  host.deadlines.arm(tx, s, seq, loop !== undefined);
  host.deadlines.answer(tx, s, seq);
  if (loop !== undefined) cut(tx, host, s, { seq, loop });
}

function cut(
  tx: Transaction,
  host: Host,
  s: PreparedSignal,
  { seq, loop }: { readonly seq: number; readonly loop: Loop },
): void {
  const error =
    loop.rule === "cycle"
      ? `cut: the same for the third time in one chain (${loop.path.join(" → ")})`
      : "cut: the same more than ten times in ten minutes";
  tx.afterCommit(() => host.count("cut"));
  tx.beforeCommit(() => {
    const { sum } = tx.db.prepare("SELECT sum FROM signal WHERE seq = ?").get(seq) as { sum: number };
    for (const consumer of host.subscriptions.of(s.name)) {
      settleRow(tx, consumer, { seq, state: DEAD, sum, error });
      recordDeadLetter(tx, { consumer, seq, reason: "loop", error, attempts: 0 });
    }
  });
  tell(tx, host, s, loop);
}

/** Once: the id is derived from the first of the same. */
function tell(tx: Transaction, host: Host, s: PreparedSignal, { rule, path, first }: Loop): void {
  const facts = { trace: s.trace ?? s.id, path: [...path], rule, cut_signal_id: s.id };
  const options = {
    source: "chemical-bus",
    consumer: "chemical-bus",
    effectKey: `${rule} ${s.name} ${s.loopKey ?? ""}`,
    nowMs: tx.at,
  };
  const child = createChild({ id: first, trace: first, hops: 0 }, LoopDetected, facts, options);
  const told = prepareSignal(JSON.stringify(child), "chemical-bus");
  if ("status" in told) throw new Error(`the report of a loop is not valid: ${told.text}`);
  const seq = tx.append(told);
  if (seq !== undefined) host.noteStored(tx, told, seq);
}
