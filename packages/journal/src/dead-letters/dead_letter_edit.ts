/**
 * A dead letter with other facts: a new signal, for the consumer that gave the old one up and for nobody else.
 *
 * Invariants: the old signal stays as it was said; its delivery is SUPERSEDED, so each still counts once; whoever dealt
 * with the old one is not asked again (its delivery of the new one is DROPPED); of the two deadlines one
 * runs: that of the request which somebody works on. In one transaction.
 */
import { type Envelope, canonicalSource, createChild, findSignal } from "@kloros/signal-schema";
import type { AdminOps } from "../broker_types.ts";
import { waitingLetter } from "./dead_letter_changes.ts";
import { WITHDRAW } from "../deadlines/deadline_rows.ts";
import { setLetterState } from "./dead_letters.ts";
import type { Host } from "../host.ts";
import { type PreparedSignal, prepareSignal } from "../prepare.ts";
import { requestKind } from "../requests.ts";
import { DEAD, DROPPED, RUNNING, SUPERSEDED } from "../schema.ts";
import { type Transaction, settleRow } from "../transaction.ts";

type EditRequest = AdminOps["editDeadLetter"]["request"];
type EditResult = AdminOps["editDeadLetter"]["result"];

export function editDeadLetter(tx: Transaction, request: EditRequest, host: Host): EditResult {
  const found = waitingLetter(tx, request.n, host.consumers);
  if (typeof found === "string") return { retried: false, text: found };
  const { row, consumer, sum } = found;
  const edited = prepareEdit(tx, row.seq, request);
  if (typeof edited === "string") return { retried: false, text: edited };
  const text = `the edited signal goes to ${consumer.name}`;
  if (request.dryRun === true) return { retried: false, text: `would be retried: ${text}`, id: edited.id };
  const seq = tx.append(edited);
  if (seq === undefined)
    return { retried: false, text: `the edited signal ${edited.id} is stored already; nothing was changed` };
  tx.reopened(consumer, DEAD, sum);
  settleRow(tx, consumer, { seq: row.seq, state: SUPERSEDED, sum, error: `edited as ${edited.id}` });
  setLetterState(tx, request.n, "edited", { edited_as: edited.id });
  // Of two requests one is being worked on: the edited one, unless its consumer is not the one that answers.
  const isAnswering = requestKind(edited.name)?.answering === consumer.name;
  if (isAnswering) withdrawDeadline(tx, row.seq);
  tx.beforeCommit(() => dropForOthers(tx, { seq, name: edited.name, keeper: consumer.name }, host));
  host.noteStored(tx, edited, seq, { wanted: true });
  // After it was armed.
  if (!isAnswering) tx.beforeCommit(() => withdrawDeadline(tx, seq));
  return { retried: true, text: `${text} as signal ${seq}`, id: edited.id, seq };
}

/** The timeout of one that nobody will answer would tell of a question that is being worked on. */
function withdrawDeadline(tx: Transaction, seq: number): void {
  const { changes } = tx.db.prepare(`${WITHDRAW} AND state <= ${RUNNING}`).run(seq);
  if (changes > 0) tx.deadlines.changed(tx);
}

function prepareEdit(tx: Transaction, seq: number, { n, facts }: EditRequest): PreparedSignal | string {
  const { body } = tx.db.prepare("SELECT body FROM signal WHERE seq = ?").get(seq) as { body: string };
  const old = parse(body);
  const definition = old === undefined ? undefined : findSignal(old.signal);
  const service = old === undefined ? undefined : definition && canonicalSource(definition, old.source);
  if (old === undefined || definition === undefined || service === undefined)
    return `the signal of dead letter ${n} cannot be read any more: it cannot be edited`;
  if (definition.delivery === "latest")
    return `${old.signal} is replaced by the next of its kind: publish a new one instead of an edited old one`;
  const source = { source: old.source, consumer: "operator", effectKey: `edit of ${n}`, nowMs: tx.at };
  const child = createChild(old, definition, facts as never, source);
  const prepared = prepareSignal(JSON.stringify({ ...old, ...child }), service);
  return "status" in prepared ? `the edited signal is not valid: ${prepared.text}` : prepared;
}

function parse(body: string): Envelope | undefined {
  try {
    return JSON.parse(body) as Envelope;
  } catch {
    return undefined;
  }
}

/** They had their turn with the old one. */
function dropForOthers(
  tx: Transaction,
  { seq, name, keeper }: { readonly seq: number; readonly name: string; readonly keeper: string },
  { subscriptions }: Host,
): void {
  const { sum } = tx.db.prepare("SELECT sum FROM signal WHERE seq = ?").get(seq) as { sum: number };
  for (const other of subscriptions.of(name)) {
    if (other.name === keeper) continue;
    settleRow(tx, other, { seq, state: DROPPED, sum, error: `edited for ${keeper} alone` });
  }
}
