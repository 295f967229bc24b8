import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeBusMessage, decodeClientMessage, encodeMessage, joinLines, splitLines } from "./codec.ts";
import { type BusOutgoing, type ClientOutgoing, PROTOCOL_LIMITS, ProtocolError } from "./protocol.ts";

const bytes = (frames: readonly string[]): Uint8Array[] =>
  frames.map((frame) => new TextEncoder().encode(frame));

const name = fc.string({ minLength: 1, maxLength: 40 });
const count = fc.nat();
const lines = fc.array(
  fc.jsonValue().map((value) => JSON.stringify(value)),
  { maxLength: 20 },
);

const clientMessage: fc.Arbitrary<ClientOutgoing> = fc.oneof(
  fc.record({
    verb: fc.constant("PUB" as const),
    fields: fc.record({ ref: count, count }),
    payload: lines.map(joinLines),
  }),
  fc.record({
    verb: fc.constant("CREDIT" as const),
    fields: fc.record({ consumer: name, normal: count, urgent: count }),
  }),
  fc.record({
    verb: fc.constant("EXTEND" as const),
    fields: fc.record({ consumer: name, seqs: fc.array(count), tokens: fc.array(name) }),
  }),
  fc.record({ verb: fc.constant("PING" as const), fields: fc.record({ ref: count }) }),
  fc.record({ verb: fc.constant("DETACH" as const), fields: fc.constant({}) }),
);

const busMessage: fc.Arbitrary<BusOutgoing> = fc.oneof(
  fc.record({
    verb: fc.constant("GONE" as const),
    fields: fc.record({ consumer: name, seqs: fc.array(count) }),
  }),
  fc.record({ verb: fc.constant("WHO" as const), fields: fc.record({ text: name }) }),
  fc.record({
    verb: fc.constant("PAGE" as const),
    fields: fc.record({ ref: count }),
    payload: fc.jsonValue().map((value) => JSON.stringify(value)),
  }),
);

const head = fc.record({ session: fc.string({ maxLength: 40 }), n: fc.integer({ min: 1 }) });

describe("a message", () => {
  test("comes out as it went in, whatever a client says", () => {
    fc.assert(
      fc.property(clientMessage, head, (message, at) => {
        const decoded = decodeClientMessage(bytes(encodeMessage(message, at)));
        expect(decoded).toMatchObject({ verb: message.verb, ...at, payload: message.payload ?? "" });
        expect(decoded.fields).toMatchObject(message.fields);
      }),
    );
  });

  test("comes out as it went in, whatever the bus says", () => {
    fc.assert(
      fc.property(busMessage, head, (message, at) => {
        const decoded = decodeBusMessage(bytes(encodeMessage(message, at)));
        expect(decoded).toMatchObject({ verb: message.verb, ...at, payload: message.payload ?? "" });
      }),
    );
  });

  test("of any bytes is a message or a ProtocolError, never anything else", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (frames) => {
        for (const decode of [decodeClientMessage, decodeBusMessage]) {
          expect(() => decode(frames)).toThrow(ProtocolError);
        }
      }),
    );
  });

  test("with one byte changed is a message or a ProtocolError, never anything else", () => {
    fc.assert(
      fc.property(clientMessage, head, fc.nat(), fc.nat(255), (message, at, where, to) => {
        const frames = bytes(encodeMessage(message, at));
        const [first] = frames;
        if (first === undefined) return;
        first[where % first.length] = to;
        try {
          decodeClientMessage(frames);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  test("with any JSON as its fields is a message or a ProtocolError", () => {
    const verbs = fc.constantFrom(
      "HELLO",
      "PUB",
      "ATTACH",
      "COMMIT",
      "PLAN",
      "READ",
      "ADMIN",
      "__proto__",
      "constructor",
    );
    fc.assert(
      fc.property(verbs, fc.dictionary(fc.string(), fc.jsonValue()), (verb, fields) => {
        const meta = JSON.stringify({ ...fields, v: 1, verb, session: "s", n: 1 });
        try {
          decodeClientMessage(bytes([meta]));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  test.each([
    ["another version", { v: 2 }],
    ["no verb", { verb: undefined }],
    ["a verb of the other side", { verb: "WELCOME" }],
    ["number 0", { n: 0 }],
    ["a session that is no text", { session: 7 }],
  ])("with %s is refused", (_what, change) => {
    const meta = { v: 1, verb: "PING", session: "s", n: 1, ref: 1, ...change };
    expect(() => decodeClientMessage(bytes([JSON.stringify(meta)]))).toThrow(ProtocolError);
  });

  test("over its limit is refused before it is parsed", () => {
    const large = new Uint8Array(PROTOCOL_LIMITS.metaBytesMax + 1);
    expect(() => decodeClientMessage([large])).toThrow(/over the limit/);
  });

  test("may have keys that this version does not know", () => {
    const meta = { v: 1, verb: "PING", session: "s", n: 1, ref: 1, fromLater: true };
    expect(decodeClientMessage(bytes([JSON.stringify(meta)])).verb).toBe("PING");
  });
});

describe("lines", () => {
  test("are split as they were joined", () => {
    fc.assert(
      fc.property(lines, (texts) => {
        expect(splitLines(joinLines(texts), texts.length)).toEqual(texts);
      }),
    );
  });

  test("with a raw newline in them are refused: they would shift all that follow", () => {
    expect(() => joinLines(["{}", '{"a":\n1}'])).toThrow(ProtocolError);
  });

  test("of another number than announced are refused", () => {
    expect(() => splitLines("{}\n{}", 3)).toThrow(/2 lines, 3/);
    expect(() => splitLines("", 1)).toThrow(ProtocolError);
  });
});
