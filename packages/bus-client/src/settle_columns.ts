/** Outcomes of deliveries ↔ COMMIT, with what they emit; and leases ↔ EXTEND. */
import type { DeadReason, HeldLease, SettleItem } from "@kloros/journal";
import { joinLines, splitLines } from "./codec.ts";
import { compact, cut, requireSameLength, some, type Sparse } from "./columns.ts";
import { type CLIENT_VERBS, type Fields, PROTOCOL_LIMITS, ProtocolError } from "./protocol.ts";

export interface PackedSettlement {
  readonly fields: Fields<typeof CLIENT_VERBS, "COMMIT">;
  readonly payload: string;
}

const SETTLE_LETTERS = { done: "d", retry: "r", dead: "x", release: "b" } as const;

export function packSettlement(
  ref: number,
  consumer: string,
  items: readonly SettleItem[],
): PackedSettlement {
  const states: Sparse<string | null> = {};
  const errors: Sparse<{ error: string; delayMs?: number; reason?: string }> = {};
  const lines: string[] = [];
  const emits: number[] = [];
  let kinds = "";
  for (const [index, { outcome }] of items.entries()) {
    kinds += SETTLE_LETTERS[outcome.kind];
    const emitted = outcome.kind === "done" ? outcome.emits : [];
    emits.push(emitted.length);
    lines.push(...emitted);
    if (outcome.kind === "done" && outcome.state !== undefined) states[index] = outcome.state;
    if (outcome.kind === "retry") {
      errors[index] = {
        error: cut(outcome.error),
        ...(outcome.delayMs === undefined ? {} : { delayMs: outcome.delayMs }),
      };
    }
    if (outcome.kind === "dead") errors[index] = { error: cut(outcome.error), reason: outcome.reason };
  }
  const fields = compact({
    ref,
    consumer,
    seqs: items.map((item) => item.seq),
    tokens: items.map((item) => item.token),
    kinds,
    emits: lines.length === 0 ? undefined : emits,
    states: some(states),
    errors: some(errors),
  }) as Fields<typeof CLIENT_VERBS, "COMMIT">;
  return { fields, payload: joinLines(lines) };
}

export function unpackSettlement({ fields, payload }: PackedSettlement): SettleItem[] {
  const { seqs, tokens, kinds, emits } = fields;
  requireSameLength("COMMIT", seqs, tokens, kinds, emits ?? seqs);
  const total = emits === undefined ? 0 : emits.reduce((sum, one) => sum + one, 0);
  const lines = splitLines(payload, total);
  let next = 0;
  return seqs.map((seq, index) => {
    const emitted = lines.slice(next, (next += emits?.[index] ?? 0));
    return { seq, token: tokens[index] ?? "", outcome: outcomeOf(fields, index, emitted) };
  });
}

const DEAD_REASONS: ReadonlySet<string> = new Set([
  "terminal",
  "attempts",
  "poison",
  "invalid",
  "loop",
  "reported",
] satisfies DeadReason[]);

function outcomeOf(
  fields: PackedSettlement["fields"],
  index: number,
  emits: readonly string[],
): SettleItem["outcome"] {
  const failure = fields.errors?.[index];
  const error = failure?.error ?? "";
  switch (fields.kinds.charAt(index)) {
    case "d": {
      const state = fields.states?.[index];
      return state === undefined ? { kind: "done", emits } : { kind: "done", emits, state };
    }
    case "r":
      return failure?.delayMs === undefined
        ? { kind: "retry", error }
        : { kind: "retry", error, delayMs: failure.delayMs };
    case "x": {
      const reason = failure?.reason ?? "terminal";
      if (!DEAD_REASONS.has(reason)) throw new ProtocolError(`COMMIT: unknown reason ${reason}`);
      return { kind: "dead", reason: reason as DeadReason, error };
    }
    case "b":
      return { kind: "release" };
    default:
      throw new ProtocolError("COMMIT: unknown kind");
  }
}

/** Cuts a settlement into runs that fit one COMMIT. */
export function settlementRuns(items: readonly SettleItem[]): SettleItem[][] {
  const runs: SettleItem[][] = [];
  let run: SettleItem[] = [];
  let size = 0;
  for (const item of items) {
    const own = item.outcome.kind === "done" ? sizeOfDone(item.outcome) : 0;
    if (
      runs.length === 0 ||
      run.length >= PROTOCOL_LIMITS.batchMax ||
      size + own > PROTOCOL_LIMITS.batchBytes
    ) {
      run = [];
      runs.push(run);
      size = 0;
    }
    run.push(item);
    size += own;
  }
  return runs;
}

const sizeOfDone = (outcome: { readonly emits: readonly string[]; readonly state?: string | null }): number =>
  outcome.emits.reduce((sum, text) => sum + text.length, outcome.state?.length ?? 0);

export function unpackLeases(fields: Fields<typeof CLIENT_VERBS, "EXTEND">): HeldLease[] {
  requireSameLength("EXTEND", fields.seqs, fields.tokens);
  return fields.seqs.map((seq, index) => ({ seq, token: fields.tokens[index] ?? "" }));
}
