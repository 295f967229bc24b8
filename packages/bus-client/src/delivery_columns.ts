/** Deliveries ↔ DELIVER: those of one consumer in one message. */
import type { GrantedDelivery } from "@kloros/journal";
import { joinLines, splitLines } from "./codec.ts";
import { compact, requireSameLength, some, type Sparse } from "./columns.ts";
import { type BUS_VERBS, type Fields, PROTOCOL_LIMITS } from "./protocol.ts";

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
  requireSameLength("DELIVER", fields.lanes, fields.seqs, fields.tokens);
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
