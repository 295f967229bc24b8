import { expect, test } from "bun:test";
import {
  type BusOutgoing,
  decodeBusMessage,
  decodeClientMessage,
  encodeMessage,
  ProtocolError,
} from "@kloros/bus-client";
import { checkJournal, TestClient, testBroker } from "@kloros/journal/testing";
import { createRoot, HealthAlert } from "@kloros/signal-schema";
import { fuzz, FUZZ_LIMIT_MS } from "@kloros/signal-schema/testing";
import { dispatch } from "./dispatch.ts";

const head = { v: 1, session: "s", n: 1, ref: 1 };
const NAME = "orchestrator-monitor";
const spec = {
  name: NAME,
  signals: [HealthAlert.name],
  start: { from: "earliest" },
  stateKey: "",
  leaseMs: 1000,
};

const alertOf = (number: number): string =>
  JSON.stringify(
    createRoot(
      HealthAlert,
      {
        alert_type: "disk",
        severity: "info",
        metric_value: number,
        threshold: null,
        recommended_action: "look",
        key: `disk ${String(number)}`,
        state: "raised",
        details: {},
      },
      { source: NAME, nowMs: 1_763_856_000_000 + number },
    ),
  );

/** A zero byte parts the two frames, so that what is done to one may move into the other. */
function samplesOf(seq: number, token: string): string[] {
  const lease = { consumer: NAME, seqs: [seq], tokens: [token] };
  const says: readonly (readonly [object, string?])[] = [
    [{ verb: "ATTACH", spec, held: [{ seq, token }] }],
    [{ verb: "PUB", count: 2 }, `${alertOf(1)}\n${alertOf(2)}`],
    [{ verb: "PUB", count: 1 }, alertOf(3)],
    [{ verb: "CREDIT", consumer: NAME, normal: 3, urgent: 4 }],
    [{ verb: "COMMIT", ...lease, kinds: "d", emits: [1], states: { "0": "{}" } }, alertOf(4)],
    [{ verb: "COMMIT", ...lease, kinds: "r", errors: { "0": { error: "e", delayMs: 3 } } }],
    [{ verb: "COMMIT", ...lease, kinds: "x", errors: { "0": { error: "e", reason: "terminal" } } }],
    [{ verb: "COMMIT", ...lease, kinds: "b" }],
    [{ verb: "PLAN", consumer: NAME, seq, token }, '{"p":1}'],
    [{ verb: "EXTEND", ...lease }],
    [{ verb: "READ", query: { signals: [HealthAlert.name], limit: 3, order: "newest", afterSeq: 0 } }],
    [{ verb: "ADMIN", op: "deadLetters", request: { limit: 3, after: 0, since: 0 } }],
    [{ verb: "ADMIN", op: "retryDeadLetter", request: { n: 1 } }],
    [{ verb: "ADMIN", op: "editDeadLetter", request: { n: 1, facts: { severity: "info" } } }],
    [{ verb: "ADMIN", op: "pruneJournal", request: { ageMs: 1, bytesMax: 1, rememberMs: 1, after: 0 } }],
    [
      {
        verb: "ADMIN",
        op: "rejectContent",
        request: { id: "x", error: "e", content: "c", fields: { a: "b" } },
      },
    ],
    [{ verb: "ADMIN", op: "removeConsumer", request: { name: NAME, force: true } }],
  ];
  return says.map(([meta, payload]) => {
    const text = JSON.stringify({ ...head, ...meta });
    return payload === undefined ? text : `${text}\0${payload}`;
  });
}

function framesOf(bytes: Uint8Array): Uint8Array[] {
  const cut = bytes.indexOf(0);
  return cut < 0 ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut + 1)];
}

/** What ends the session of whoever said it. */
const isRefusal = (error: unknown): boolean => error instanceof ProtocolError;

test(
  "whatever a client says, the bus answers in its protocol or ends that session, and keeps its journal",
  async () => {
    const { broker } = testBroker();
    const client = new TestClient(broker, NAME);
    await client.attach(spec as never);
    await client.now(client.session.publish([alertOf(0)]));
    const [first] = client.take(NAME);
    const replies: BusOutgoing[] = [];
    const say = async (bytes: Uint8Array): Promise<void> => {
      const done = dispatch(decodeClientMessage(framesOf(bytes)), {
        broker,
        session: client.session,
        service: "operator",
        pageBytesMax: 64 * 1024,
        reply: (message) => replies.push(message),
        detach: () => undefined,
      });
      broker.flush();
      await done;
    };
    const words = [
      "COMMIT",
      "earliest",
      "poison",
      "invalid",
      "force",
      "dryRun",
      "facts",
      "__proto__",
      "%",
      "'; --",
    ];
    try {
      await fuzz(
        { samples: samplesOf(first?.seq ?? 1, first?.token ?? "t"), words, inputs: 1500 },
        async (bytes) => {
          replies.length = 0;
          // What went before may have taken the consumer away, or all there was to do.
          await client.attach(spec as never);
          client.take(NAME);
          try {
            await say(bytes);
          } catch (error) {
            if (!isRefusal(error)) throw error;
          }
          for (const reply of replies) {
            const frames = encodeMessage(reply, { session: "s", n: 1 });
            expect(decodeBusMessage(frames.map((frame) => new TextEncoder().encode(frame))).verb).toBe(
              reply.verb,
            );
          }
        },
      );
      expect(checkJournal(broker)).toEqual([]);
      expect(await client.now(client.session.publish([alertOf(99)]))).toMatchObject([{ status: "stored" }]);
    } finally {
      broker.close();
    }
  },
  FUZZ_LIMIT_MS,
);
