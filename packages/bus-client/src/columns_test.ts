import { describe, expect, test } from "bun:test";
import type { GrantedDelivery, PublishResult, SettleItem, SettleResult } from "@kloros/journal";
import fc from "fast-check";
import { decodeBusMessage, decodeClientMessage, encodeMessage } from "./codec.ts";
import { deliveryRuns, packDeliveries, unpackDeliveries } from "./delivery_columns.ts";
import { type BusOutgoing, type ClientOutgoing, PROTOCOL_LIMITS, ProtocolError } from "./protocol.ts";
import { packPublishResults, unpackPublishResults } from "./publish_columns.ts";
import { packSettlement, settlementRuns, unpackSettlement } from "./settle_columns.ts";
import { packSettleResults, unpackSettleResults } from "./settle_result_columns.ts";

const seq = fc.nat();
const text = fc.string({ maxLength: 60 });
const json = fc.jsonValue().map((value) => JSON.stringify(value));
const token = fc.string({ minLength: 1, maxLength: 20 });

/** Over the wire and back. */
const bytes = (frames: readonly string[]) => frames.map((frame) => new TextEncoder().encode(frame));
const viaClient = (message: ClientOutgoing) =>
  decodeClientMessage(bytes(encodeMessage(message, { session: "s", n: 1 })));
const viaBus = (message: BusOutgoing) =>
  decodeBusMessage(bytes(encodeMessage(message, { session: "s", n: 1 })));

const publishResult: fc.Arbitrary<PublishResult> = fc.oneof(
  fc.record({ status: fc.constant("stored" as const), seq }),
  fc.record({ status: fc.constant("duplicate" as const), seq }),
  fc.record({ status: fc.constant("conflict" as const), seq, text }),
  fc.record({ status: fc.constant("announced" as const) }),
  fc.record({ status: fc.constant("invalid" as const), code: text, text }),
  fc.record({ status: fc.constant("busy" as const), text }),
);

const settleResult: fc.Arbitrary<SettleResult> = fc.oneof(
  fc.record({ status: fc.constant("ok" as const) }),
  fc.record({ status: fc.constant("gone" as const) }),
  fc.record({ status: fc.constant("refused" as const), code: text, text }),
  fc.record({ status: fc.constant("busy" as const), text }),
);

const outcome: fc.Arbitrary<SettleItem["outcome"]> = fc.oneof(
  fc.record(
    {
      kind: fc.constant("done" as const),
      emits: fc.array(json, { maxLength: 4 }),
      state: fc.option(json, { nil: null }),
    },
    { requiredKeys: ["kind", "emits"] },
  ),
  fc.record(
    { kind: fc.constant("retry" as const), error: text, delayMs: fc.nat() },
    { requiredKeys: ["kind", "error"] },
  ),
  fc.record({
    kind: fc.constant("dead" as const),
    reason: fc.constantFrom("terminal", "invalid", "attempts"),
    error: text,
  }),
  fc.record({ kind: fc.constant("release" as const) }),
);
const settleItem: fc.Arbitrary<SettleItem> = fc.record({ seq, token, outcome });

const delivery: fc.Arbitrary<GrantedDelivery> = fc.record({
  consumer: fc.constant("worker"),
  lane: fc.constantFrom("urgent", "normal"),
  seq,
  token,
  attempt: fc.integer({ min: 1, max: 9 }),
  leaseMs: fc.constant(30_000),
  body: json,
  plan: fc.option(json),
  state: fc.option(json),
  late: fc.boolean(),
});

describe("columns come out as they went in:", () => {
  test("results of a publish", () => {
    fc.assert(
      fc.property(fc.array(publishResult, { maxLength: 30 }), (results) => {
        const message = viaBus({ verb: "PUBACK", fields: packPublishResults(1, results) });
        expect(message.verb === "PUBACK" ? unpackPublishResults(message.fields) : []).toEqual(results);
      }),
    );
  });

  test("results of a settlement", () => {
    fc.assert(
      fc.property(fc.array(settleResult, { maxLength: 30 }), (results) => {
        const message = viaBus({ verb: "COMMITTED", fields: packSettleResults(1, results) });
        expect(message.verb === "COMMITTED" ? unpackSettleResults(message.fields) : []).toEqual(results);
      }),
    );
  });

  test("outcomes with what they emit", () => {
    fc.assert(
      fc.property(fc.array(settleItem, { maxLength: 30 }), (items) => {
        const message = viaClient({ verb: "COMMIT", ...packSettlement(1, "worker", items) });
        expect(message.verb === "COMMIT" ? unpackSettlement(message) : []).toEqual(items);
      }),
    );
  });

  test("deliveries", () => {
    fc.assert(
      fc.property(fc.array(delivery, { minLength: 1, maxLength: 30 }), (deliveries) => {
        const message = viaBus({ verb: "DELIVER", ...packDeliveries(deliveries) });
        expect(message.verb === "DELIVER" ? unpackDeliveries(message) : []).toEqual(deliveries);
      }),
    );
  });
});

describe("columns that do not agree", () => {
  test("are refused", () => {
    const fields = { ref: 1, consumer: "c", seqs: [1, 2], tokens: ["t"], kinds: "dd" };
    expect(() => unpackSettlement({ fields, payload: "" })).toThrow(ProtocolError);
    expect(() => unpackSettlement({ fields: { ...fields, tokens: ["t", "u"] }, payload: "{}" })).toThrow(
      ProtocolError,
    );
    expect(() => unpackPublishResults({ ref: 1, statuses: "s", seqs: [] })).toThrow(ProtocolError);
    expect(() => unpackSettleResults({ ref: 1, statuses: "?" })).toThrow(ProtocolError);
  });
});

describe("runs", () => {
  const one: GrantedDelivery = {
    consumer: "a",
    lane: "normal",
    seq: 1,
    token: "t",
    attempt: 1,
    leaseMs: 1,
    body: "{}",
    plan: null,
    state: null,
    late: false,
  };

  test("of deliveries hold one consumer, and not more than a batch", () => {
    const many = Array.from({ length: PROTOCOL_LIMITS.batchMax + 1 }, () => one);
    expect(deliveryRuns([...many, { ...one, consumer: "b" }]).map((run) => run.length)).toEqual([512, 1, 1]);
    const large = { ...one, body: "x".repeat(PROTOCOL_LIMITS.batchBytes * 0.6) };
    expect(deliveryRuns([large, large, one]).map((run) => run.length)).toEqual([1, 2]);
    expect(deliveryRuns([])).toEqual([]);
  });

  test("of outcomes keep all, in their order", () => {
    fc.assert(
      fc.property(fc.array(settleItem, { maxLength: 50 }), (items) => {
        expect(settlementRuns(items).flat()).toEqual(items);
      }),
    );
  });
});
