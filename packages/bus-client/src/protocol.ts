/**
 * The wire protocol between a client and the bus (version 1).
 *
 *   message = [meta] or [meta][payload]        meta: JSON object {v, verb, session, n, …}; payload: lines of JSON text
 *
 * `n` counts 1, 2, 3 … in each direction of a session; a gap ends it, because libzmq can replay what a dead bus left with a hole
 * in it. One payload frame carries a whole batch: a foreign-function call a batch instead of one a signal. JSON text never
 * contains a raw newline, so lines are a safe frame. Columns (arrays beside each other) keep the meta small.
 * Unknown keys are ignored, so that a later version can add some.
 */
import { type Static, type TObject, Type } from "@sinclair/typebox";

export const PROTOCOL_VERSION = 1;

/** A frame beyond one of these ends the session. */
export const PROTOCOL_LIMITS = {
  /** Envelopes in one PUB, items in one COMMIT, deliveries in one DELIVER. */
  batchMax: 512,
  /** Where a sender closes a batch, bytes. One item larger than this travels alone. */
  batchBytes: 1024 * 1024,
  /** Of a meta frame, bytes. States and plans travel in it: 512 × a typical state, far below. */
  metaBytesMax: 8 * 1024 * 1024,
  /** Of a payload frame, bytes. */
  payloadBytesMax: 16 * 1024 * 1024,
  /** Signals emitted by one delivery, and their JSON text together, bytes: it all travels in one message. */
  emitsMax: 512,
  emitsBytesMax: 8 * 1024 * 1024,
  /** JSON text of one state, bytes: it travels with each delivery. What is larger belongs into a file. */
  stateBytesMax: 1024 * 1024,
  /** Of a plan's JSON text, bytes (journal: `Session.plan`). */
  planBytesMax: 64 * 1024,
  consumersMax: 64,
  /** Above what the largest consumer can hold in both lanes, outcomes under way included. */
  heldMax: 40_000,
} as const;

const seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const name = Type.String({ minLength: 1, maxLength: 200 });
const token = Type.String({ minLength: 1, maxLength: 200 });
const text = Type.String({ maxLength: 64 * 1024 });
const json = Type.String({ maxLength: 4 * 1024 * 1024 });
const batch = { maxItems: PROTOCOL_LIMITS.batchMax } as const;
const seqs = Type.Array(seq, batch);
const tokens = Type.Array(token, batch);
const counts = Type.Array(Type.Integer({ minimum: 0, maximum: PROTOCOL_LIMITS.emitsMax }), batch);
const letters = Type.String({ maxLength: PROTOCOL_LIMITS.batchMax });
/** Index in the batch → value: for what most items do not have. */
const sparse = <T extends Parameters<typeof Type.Optional>[0]>(value: T) =>
  Type.Optional(Type.Record(Type.String({ pattern: "^[0-9]{1,4}$" }), value));

const held = Type.Array(Type.Object({ seq, token }), { maxItems: PROTOCOL_LIMITS.heldMax });
const spec = Type.Object({
  name,
  signals: Type.Array(name, { maxItems: 1000 }),
  start: Type.Union([
    Type.Object({ from: Type.Literal("now") }),
    Type.Object({ from: Type.Literal("earliest"), ageMsMax: Type.Optional(Type.Number({ minimum: 0 })) }),
  ]),
  stateKey: Type.Optional(Type.String({ maxLength: 200 })),
  leaseMs: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  attemptsMax: Type.Optional(Type.Integer({ minimum: 1 })),
  backoffMs: Type.Optional(Type.Number({ minimum: 0 })),
  backoffMsMax: Type.Optional(Type.Number({ minimum: 0 })),
});
const denyCode = Type.Union(
  (["consumer_held", "unknown_signal", "live_signal", "bad_consumer", "identity", "protocol"] as const).map(
    (code) => Type.Literal(code),
  ),
);
const attachResult = Type.Union([
  Type.Object({ ok: Type.Literal(true), adopted: Type.Array(seq), gone: Type.Array(seq) }),
  Type.Object({ ok: Type.Literal(false), code: denyCode, text, holderPid: Type.Optional(seq) }),
]);
const names = Type.Array(name, { maxItems: 200 });
const readQuery = Type.Object({
  signals: Type.Optional(names),
  sources: Type.Optional(names),
  trace: Type.Optional(name),
  id: Type.Optional(name),
  afterSeq: Type.Optional(seq),
  beforeSeq: Type.Optional(seq),
  order: Type.Optional(Type.Union([Type.Literal("oldest"), Type.Literal("newest")])),
  limit: Type.Optional(count),
});
const failure = Type.Object({ code: name, text });

/** What a client may say. */
export const CLIENT_VERBS = {
  HELLO: Type.Object({
    protos: Type.Array(Type.Integer(), { maxItems: 16 }),
    service: name,
    instance: name,
    consumers: Type.Array(Type.Object({ spec, held }), { maxItems: PROTOCOL_LIMITS.consumersMax }),
  }),
  ATTACH: Type.Object({ ref: count, spec, held }),
  /** Lines: envelopes. */
  PUB: Type.Object({ ref: count, count }),
  CREDIT: Type.Object({ consumer: name, normal: count, urgent: count }),
  /** Lines: emitted envelopes of all items, `emits[i]` of them for item i. `kinds`: d(one) r(etry) x(dead) b(ack: release). */
  COMMIT: Type.Object({
    ref: count,
    consumer: name,
    seqs,
    tokens,
    kinds: letters,
    emits: Type.Optional(counts),
    states: sparse(Type.Union([json, Type.Null()])),
    errors: sparse(
      Type.Object({
        error: text,
        delayMs: Type.Optional(Type.Number({ minimum: 0 })),
        reason: Type.Optional(name),
      }),
    ),
  }),
  /** One line: the plan. */
  PLAN: Type.Object({ ref: count, consumer: name, seq, token }),
  EXTEND: Type.Object({ consumer: name, seqs, tokens }),
  READ: Type.Object({ ref: count, query: readQuery }),
  ADMIN: Type.Object({ ref: count, op: name, request: Type.Object({}) }),
  PING: Type.Object({ ref: count }),
  DETACH: Type.Object({}),
} as const satisfies Record<string, TObject>;

/** What the bus may say. */
export const BUS_VERBS = {
  WELCOME: Type.Object({
    proto: Type.Integer(),
    attached: Type.Array(attachResult, { maxItems: PROTOCOL_LIMITS.consumersMax }),
  }),
  DENY: Type.Object({ code: denyCode, text, retryable: Type.Boolean() }),
  ATTACHED: Type.Object({ ref: count, result: attachResult }),
  /** `statuses`: s(tored) d(uplicate) c(onflict) a(nnounced) i(nvalid) b(usy). `seqs` is 0 where there is none. */
  PUBACK: Type.Object({ ref: count, statuses: letters, seqs, texts: sparse(Type.Tuple([text, text])) }),
  /** Lines: envelopes as stored. `lanes`: n(ormal) u(rgent). */
  DELIVER: Type.Object({
    consumer: name,
    lanes: letters,
    seqs,
    tokens,
    leaseMs: Type.Number({ minimum: 0 }),
    attempts: sparse(count),
    plans: sparse(json),
    states: sparse(json),
    late: Type.Optional(Type.Array(count, batch)),
  }),
  /** `statuses`: o(k) g(one) r(efused) b(usy). */
  COMMITTED: Type.Object({ ref: count, statuses: letters, texts: sparse(Type.Tuple([text, text])) }),
  PLANNED: Type.Object({ ref: count, statuses: letters, texts: sparse(Type.Tuple([text, text])) }),
  GONE: Type.Object({ consumer: name, seqs: Type.Array(seq) }),
  /** One line: the page. Or `error`. */
  PAGE: Type.Object({ ref: count, error: Type.Optional(failure) }),
  /** One line: the result. Or `error`. */
  RESULT: Type.Object({ ref: count, error: Type.Optional(failure) }),
  PONG: Type.Object({ ref: count }),
  /** The bus does not know this session: start a new one. */
  WHO: Type.Object({ text }),
  BYE: Type.Object({ reason: text }),
} as const satisfies Record<string, TObject>;

type Verbs = Record<string, TObject>;
/** Fields of one verb. */
export type Fields<V extends Verbs, K extends keyof V> = Static<V[K]>;

export type ClientVerb = keyof typeof CLIENT_VERBS;
export type BusVerb = keyof typeof BUS_VERBS;

export type ClientMessage = {
  [K in ClientVerb]: { readonly verb: K; readonly fields: Static<(typeof CLIENT_VERBS)[K]> };
}[ClientVerb];
export type BusMessage = {
  [K in BusVerb]: { readonly verb: K; readonly fields: Static<(typeof BUS_VERBS)[K]> };
}[BusVerb];

/** A message as it is handed to a socket: its head is added when it is sent, a resent one gets a new one. */
export type Outgoing<M> = M & { readonly payload?: string };
export type ClientOutgoing = Outgoing<ClientMessage>;
export type BusOutgoing = Outgoing<BusMessage>;

/** A message as it arrived. */
export type Incoming<M> = M & {
  readonly session: string;
  readonly n: number;
  /** "" when there was no payload frame. */
  readonly payload: string;
};
export type ClientIncoming = Incoming<ClientMessage>;
export type BusIncoming = Incoming<BusMessage>;

/** Bytes that are not this protocol. Ends the session. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}
