/** What a client asks in its session → calls of the broker session, and their results → answers. */
import {
  type BusOutgoing,
  type ClientIncoming,
  joinLines,
  packPublishResults,
  packSettleResults,
  PROTOCOL_LIMITS,
  ProtocolError,
  splitLines,
  unpackLeases,
  unpackSettlement,
} from "@kloros/bus-client";
import { messageOf } from "@kloros/daemon";
import type { AdminOp, Broker, HeldLease, Session } from "@kloros/journal";
import { refuseAdmin } from "./admin_requests.ts";
import { pageText } from "./page_text.ts";

export type DispatchBroker = Pick<Broker, "admin" | "read">;

export interface DispatchContext {
  readonly broker: DispatchBroker;
  readonly session: Session;
  readonly service: string;
  readonly pageBytesMax: number;
  readonly reply: (message: BusOutgoing) => void;
  /** The client says good-bye. */
  readonly detach: () => void;
}

type Handlers = {
  [V in Exclude<ClientIncoming["verb"], "HELLO">]: (
    message: Extract<ClientIncoming, { verb: V }>,
    context: DispatchContext,
  ) => void | Promise<void>;
};

const HANDLERS: Handlers = {
  async PUB({ fields: { ref, count }, payload }, { session, reply }) {
    if (count > PROTOCOL_LIMITS.batchMax) throw new ProtocolError(`PUB of ${String(count)} envelopes`);
    const results = await session.publish(splitLines(payload, count));
    reply({ verb: "PUBACK", fields: packPublishResults(ref, results) });
  },
  async ATTACH({ fields: { ref, spec, held } }, { session, reply }) {
    const result = await session.attach(spec, held);
    reply({ verb: "ATTACHED", fields: { ref, result: { ...result } as never } });
  },
  CREDIT({ fields: { consumer, normal, urgent } }, { session }) {
    session.credit(consumer, "urgent", urgent);
    session.credit(consumer, "normal", normal);
  },
  async COMMIT(message, { session, reply }) {
    const { ref, consumer } = message.fields;
    const results = await session.settle(consumer, unpackSettlement(message));
    reply({ verb: "COMMITTED", fields: packSettleResults(ref, results) });
  },
  async PLAN({ fields: { ref, consumer, seq, token }, payload }, { session, reply }) {
    const [plan = "null"] = splitLines(payload, 1);
    const result = await session.plan(consumer, seq, token, plan);
    reply({ verb: "PLANNED", fields: packSettleResults(ref, [result]) });
  },
  EXTEND({ fields }, { session, reply }) {
    const leases: readonly HeldLease[] = unpackLeases(fields);
    const gone = session.extend(fields.consumer, leases);
    if (gone.length > 0) reply({ verb: "GONE", fields: { consumer: fields.consumer, seqs: [...gone] } });
  },
  async READ({ fields: { ref, query } }, { broker, reply, pageBytesMax }) {
    try {
      const page = await broker.read(query);
      reply({ verb: "PAGE", fields: { ref }, payload: joinLines([pageText(page, pageBytesMax)]) });
    } catch (error) {
      reply({ verb: "PAGE", fields: { ref, error: failure("read", error) } });
    }
  },
  async ADMIN({ fields: { ref, op, request } }, { broker, service, reply }) {
    const refusal = refuseAdmin(op, request, service);
    if (refusal !== undefined) {
      reply({ verb: "RESULT", fields: { ref, error: refusal } });
      return;
    }
    try {
      const text = JSON.stringify((await broker.admin(op as AdminOp, request, service)) ?? null);
      if (text.length > PROTOCOL_LIMITS.batchBytes * 4)
        throw new Error("the result is too large: ask for fewer");
      reply({ verb: "RESULT", fields: { ref }, payload: joinLines([text]) });
    } catch (error) {
      reply({ verb: "RESULT", fields: { ref, error: failure(op, error) } });
    }
  },
  PING({ fields: { ref } }, { reply }) {
    reply({ verb: "PONG", fields: { ref } });
  },
  DETACH(_message, { detach }) {
    detach();
  },
};

/** Throws `ProtocolError` at once or in its promise when the message contradicts itself. */
export function dispatch(message: ClientIncoming, context: DispatchContext): void | Promise<void> {
  if (message.verb === "HELLO") return;
  const handler = HANDLERS[message.verb] as (
    message: ClientIncoming,
    context: DispatchContext,
  ) => void | Promise<void>;
  return handler(message, context);
}

function failure(what: string, error: unknown): { code: string; text: string } {
  const text = messageOf(error);
  return { code: "failed", text: `${what}: ${text}`.slice(0, 4000) };
}
