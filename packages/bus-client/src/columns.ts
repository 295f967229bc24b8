/**
 * Batches ↔ columns: what a message says of many items as arrays beside each other. Pure; each `pack` has its `unpack`,
 * which throws `ProtocolError` when the columns do not agree.
 */
import type {
  DeadReason,
  GrantedDelivery,
  HeldLease,
  PublishResult,
  SettleItem,
  SettleResult,
} from "@kloros/journal";
import { joinLines, splitLines } from "./codec.ts";
import {
  type BUS_VERBS,
  type CLIENT_VERBS,
  type Fields,
  PROTOCOL_LIMITS,
  ProtocolError,
} from "./protocol.ts";

type Sparse<T> = Record<string, T>;
type Texts = Sparse<[string, string]>;
const some = <T>(column: Sparse<T>): Sparse<T> | undefined =>
  Object.keys(column).length === 0 ? undefined : column;
/** Drops what is undefined, so that absent columns stay absent. */
function compact<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
function sameLength(what: string, ...columns: readonly { readonly length: number }[]): void {
  const [first] = columns;
  if (columns.some((column) => column.length !== first?.length)) {
    throw new ProtocolError(`${what}: columns of different length`);
  }
}
const cut = (text: string): string => text.slice(0, 4000);

// ---- results of publish

const PUBLISH_LETTERS = {
  stored: "s",
  duplicate: "d",
  conflict: "c",
  announced: "a",
  invalid: "i",
  busy: "b",
} as const;

export function packPublishResults(
  ref: number,
  results: readonly PublishResult[],
): Fields<typeof BUS_VERBS, "PUBACK"> {
  const texts: Texts = {};
  const seqs: number[] = [];
  let statuses = "";
  for (const [index, result] of results.entries()) {
    statuses += PUBLISH_LETTERS[result.status];
    seqs.push("seq" in result ? result.seq : 0);
    if (result.status === "invalid") texts[index] = [cut(result.code), cut(result.text)];
    else if ("text" in result) texts[index] = ["", cut(result.text)];
  }
  return compact({ ref, statuses, seqs, texts: some(texts) }) as Fields<typeof BUS_VERBS, "PUBACK">;
}

export function unpackPublishResults(fields: Fields<typeof BUS_VERBS, "PUBACK">): PublishResult[] {
  sameLength("PUBACK", fields.statuses, fields.seqs);
  return fields.seqs.map((seq, index) =>
    publishResult(fields.statuses.charAt(index), seq, fields.texts?.[index] ?? ["", ""]),
  );
}

function publishResult(letter: string, seq: number, [code, text]: [string, string]): PublishResult {
  switch (letter) {
    case "s":
      return { status: "stored", seq };
    case "d":
      return { status: "duplicate", seq };
    case "c":
      return { status: "conflict", seq, text };
    case "a":
      return { status: "announced" };
    case "i":
      return { status: "invalid", code, text };
    case "b":
      return { status: "busy", text };
    default:
      throw new ProtocolError(`PUBACK: unknown status ${letter}`);
  }
}

// ---- deliveries of one consumer

export interface PackedDeliveries {
  readonly fields: Fields<typeof BUS_VERBS, "DELIVER">;
  readonly payload: string;
}

/** All of one consumer, at most `batchMax`. */
export function packDeliveries(deliveries: readonly GrantedDelivery[]): PackedDeliveries {
  const attempts: Sparse<number> = {};
  const plans: Sparse<string> = {};
  const states: Sparse<string> = {};
  const late: number[] = [];
  let lanes = "";
  for (const [index, delivery] of deliveries.entries()) {
    lanes += delivery.lane === "urgent" ? "u" : "n";
    if (delivery.attempt !== 1) attempts[index] = delivery.attempt;
    if (delivery.plan !== null) plans[index] = delivery.plan;
    if (delivery.state !== null) states[index] = delivery.state;
    if (delivery.late) late.push(index);
  }
  const fields = compact({
    consumer: deliveries[0]?.consumer ?? "",
    lanes,
    seqs: deliveries.map((delivery) => delivery.seq),
    tokens: deliveries.map((delivery) => delivery.token),
    leaseMs: deliveries[0]?.leaseMs ?? 0,
    attempts: some(attempts),
    plans: some(plans),
    states: some(states),
    late: late.length === 0 ? undefined : late,
  }) as Fields<typeof BUS_VERBS, "DELIVER">;
  return { fields, payload: joinLines(deliveries.map((delivery) => delivery.body)) };
}

export function unpackDeliveries({ fields, payload }: PackedDeliveries): GrantedDelivery[] {
  sameLength("DELIVER", fields.lanes, fields.seqs, fields.tokens);
  const bodies = splitLines(payload, fields.seqs.length);
  const late = new Set(fields.late);
  return bodies.map((body, index) => ({
    consumer: fields.consumer,
    lane: fields.lanes.charAt(index) === "u" ? "urgent" : "normal",
    seq: fields.seqs[index] ?? 0,
    token: fields.tokens[index] ?? "",
    attempt: fields.attempts?.[index] ?? 1,
    leaseMs: fields.leaseMs,
    body,
    plan: fields.plans?.[index] ?? null,
    state: fields.states?.[index] ?? null,
    late: late.has(index),
  }));
}

/** Cuts deliveries into runs that fit one DELIVER: one consumer and lease, `batchMax` items, about `batchBytes`. */
export function deliveryRuns(deliveries: readonly GrantedDelivery[]): GrantedDelivery[][] {
  const runs: GrantedDelivery[][] = [];
  let run: GrantedDelivery[] = [];
  let size = 0;
  for (const delivery of deliveries) {
    const first = run[0];
    const own = delivery.body.length + (delivery.state?.length ?? 0) + (delivery.plan?.length ?? 0);
    const fits =
      first !== undefined &&
      first.consumer === delivery.consumer &&
      first.leaseMs === delivery.leaseMs &&
      run.length < PROTOCOL_LIMITS.batchMax &&
      size + own <= PROTOCOL_LIMITS.batchBytes;
    if (!fits) {
      run = [];
      runs.push(run);
      size = 0;
    }
    run.push(delivery);
    size += own;
  }
  return runs;
}

// ---- settlement of deliveries

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
  sameLength("COMMIT", seqs, tokens, kinds, emits ?? seqs);
  const total = emits === undefined ? 0 : emits.reduce((sum, one) => sum + one, 0);
  const lines = splitLines(payload, total);
  let next = 0;
  return seqs.map((seq, index) => {
    const emitted = lines.slice(next, (next += emits?.[index] ?? 0));
    return { seq, token: tokens[index] ?? "", outcome: outcomeOf(fields, index, emitted) };
  });
}

const DEAD_REASONS: readonly string[] = ["terminal", "attempts", "poison", "invalid", "loop", "reported"];

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
      if (!DEAD_REASONS.includes(reason)) throw new ProtocolError(`COMMIT: unknown reason ${reason}`);
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

const RESULT_LETTERS = { ok: "o", gone: "g", refused: "r", busy: "b" } as const;

export function packSettleResults(
  ref: number,
  results: readonly SettleResult[],
): Fields<typeof BUS_VERBS, "COMMITTED"> {
  const texts: Texts = {};
  let statuses = "";
  for (const [index, result] of results.entries()) {
    statuses += RESULT_LETTERS[result.status];
    if (result.status === "refused") texts[index] = [cut(result.code), cut(result.text)];
    if (result.status === "busy") texts[index] = ["", cut(result.text)];
  }
  return compact({ ref, statuses, texts: some(texts) }) as Fields<typeof BUS_VERBS, "COMMITTED">;
}

export function unpackSettleResults(fields: Fields<typeof BUS_VERBS, "COMMITTED">): SettleResult[] {
  return Array.from(fields.statuses, (letter, index): SettleResult => {
    const [code, text] = fields.texts?.[index] ?? ["", ""];
    switch (letter) {
      case "o":
        return { status: "ok" };
      case "g":
        return { status: "gone" };
      case "r":
        return { status: "refused", code, text };
      case "b":
        return { status: "busy", text };
      default:
        throw new ProtocolError(`COMMITTED: unknown status ${letter}`);
    }
  });
}

export function unpackLeases(fields: Fields<typeof CLIENT_VERBS, "EXTEND">): HeldLease[] {
  sameLength("EXTEND", fields.seqs, fields.tokens);
  return fields.seqs.map((seq, index) => ({ seq, token: fields.tokens[index] ?? "" }));
}
