import { expect, test } from "bun:test";
import { fuzz, FUZZ_LIMIT_MS } from "@kloros/signal-schema/testing";
import { decodeBusMessage, decodeClientMessage, encodeMessage } from "./codec.ts";
import { unpackDeliveries } from "./delivery_columns.ts";
import { BUS_VERBS, type BusIncoming, CLIENT_VERBS, type ClientIncoming, ProtocolError } from "./protocol.ts";
import { unpackPublishResults } from "./publish_columns.ts";
import { unpackLeases, unpackSettlement } from "./settle_columns.ts";
import { unpackSettleResults } from "./settle_result_columns.ts";

const head = { v: 1, session: "s", n: 1, ref: 1 };
const spec = { name: "c", signals: ["HEALTH_ALERT"], start: { from: "earliest", ageMsMax: 5 }, leaseMs: 10 };
const leases = { consumer: "c", seqs: [1, 2], tokens: ["t", "u"] };
const texts = { "1": ["bad", "why"] };

const CLIENT_SAYS: readonly (readonly [object, string?])[] = [
  [
    {
      verb: "HELLO",
      protos: [1],
      service: "s",
      instance: "i",
      consumers: [{ spec, held: [{ seq: 1, token: "t" }] }],
    },
  ],
  [{ verb: "ATTACH", spec, held: [] }],
  [{ verb: "PUB", count: 2 }, '{"a":1}\n{"b":2}'],
  [{ verb: "CREDIT", consumer: "c", normal: 3, urgent: 4 }],
  [
    {
      verb: "COMMIT",
      ...leases,
      kinds: "dx",
      emits: [1, 0],
      states: { "0": "{}" },
      errors: { "1": { error: "e", reason: "terminal", delayMs: 3 } },
    },
    '{"a":1}',
  ],
  [{ verb: "PLAN", consumer: "c", seq: 1, token: "t" }, '{"p":1}'],
  [{ verb: "EXTEND", ...leases }],
  [{ verb: "READ", query: { signals: ["A"], limit: 3, order: "newest" } }],
  [{ verb: "ADMIN", op: "status", request: {} }],
  [{ verb: "PING" }],
  [{ verb: "DETACH" }],
];

const BUS_SAYS: readonly (readonly [object, string?])[] = [
  [{ verb: "WELCOME", proto: 1, attached: [{ ok: true, adopted: [1], gone: [2] }] }],
  [{ verb: "DENY", code: "identity", text: "no", retryable: false }],
  [{ verb: "ATTACHED", result: { ok: false, code: "consumer_held", text: "no", holderPid: 7 } }],
  [{ verb: "PUBACK", statuses: "si", seqs: [1, 0], texts }],
  [
    {
      verb: "DELIVER",
      ...leases,
      lanes: "nu",
      leaseMs: 5,
      attempts: { "1": 2 },
      plans: { "0": "{}" },
      states: { "1": "{}" },
      late: [1],
    },
    '{"a":1}\n{"b":2}',
  ],
  [{ verb: "COMMITTED", statuses: "or", texts }],
  [{ verb: "PLANNED", statuses: "o" }],
  [{ verb: "GONE", consumer: "c", seqs: [1] }],
  [{ verb: "PAGE" }, "{}"],
  [{ verb: "RESULT", error: { code: "failed", text: "why" } }],
  [{ verb: "PONG" }],
  [{ verb: "WHO", text: "?" }],
  [{ verb: "BYE", reason: "stop" }],
];

/** One sample is both frames: a zero byte parts them, so that what is done to one may move into the other. */
const samplesOf = (says: readonly (readonly [object, string?])[]): string[] =>
  says.map(([meta, payload]) => {
    const text = JSON.stringify({ ...head, ...meta });
    return payload === undefined ? text : `${text}\0${payload}`;
  });

function framesOf(bytes: Uint8Array): Uint8Array[] {
  const cut = bytes.indexOf(0);
  return cut < 0 ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut + 1)];
}

/** Undefined: the bytes are not the protocol. Whatever else is thrown is a finding. */
function unlessProtocol<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** As JSON says it: it knows no -0. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

type Decode = typeof decodeClientMessage | typeof decodeBusMessage;

function expectSame(message: ClientIncoming | BusIncoming, decode: Decode): void {
  const { payload, session, n } = message;
  const frames = encodeMessage({ ...message, payload }, { session, n });
  const again = decode(frames.map((frame) => new TextEncoder().encode(frame)));
  expect(Bun.deepEquals(plain(again), plain(message), true)).toBe(true);
}

const INPUTS = 2500;

test(
  "of any bytes what a client says is the protocol, and stays the same when it is written again",
  async () => {
    const words = [...Object.keys(CLIENT_VERBS), "seqs", "tokens", "emits", "kinds", "count", "earliest"];
    await fuzz({ samples: samplesOf(CLIENT_SAYS), words, inputs: INPUTS }, (bytes) => {
      const message = unlessProtocol(() => decodeClientMessage(framesOf(bytes)));
      if (message === undefined) return;
      expectSame(message, decodeClientMessage);
      if (message.verb === "COMMIT") {
        const items = unlessProtocol(() => unpackSettlement(message));
        if (items !== undefined) expect(items.length).toBe(message.fields.seqs.length);
      }
      if (message.verb === "EXTEND") unlessProtocol(() => unpackLeases(message.fields));
    });
  },
  FUZZ_LIMIT_MS,
);

test(
  "of any bytes what the bus says is the protocol, and stays the same when it is written again",
  async () => {
    const words = [...Object.keys(BUS_VERBS), "statuses", "lanes", "plans", "attempts", "late", "texts"];
    await fuzz({ samples: samplesOf(BUS_SAYS), words, inputs: INPUTS }, (bytes) => {
      const message = unlessProtocol(() => decodeBusMessage(framesOf(bytes)));
      if (message === undefined) return;
      expectSame(message, decodeBusMessage);
      if (message.verb === "DELIVER") {
        const deliveries = unlessProtocol(() => unpackDeliveries(message));
        if (deliveries !== undefined) expect(deliveries.length).toBe(message.fields.seqs.length);
      }
      if (message.verb === "PUBACK") unlessProtocol(() => unpackPublishResults(message.fields));
      if (message.verb === "COMMITTED" || message.verb === "PLANNED")
        unlessProtocol(() => unpackSettleResults(message.fields));
    });
  },
  FUZZ_LIMIT_MS,
);

test.each(["v", "verb", "session", "n"])("a %s that nests without end is not the protocol", (key) => {
  const fields = JSON.stringify({ ...head, verb: "PING", [key]: 0 });
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const frame = new TextEncoder().encode(fields.replace(`"${key}":0`, `"${key}":${deep}`));
  expect(() => decodeClientMessage([frame])).toThrow(ProtocolError);
});
