/** A JetStream stream with file storage and a durable consumer that acknowledges each message and has that confirmed. */
import type { Envelope } from "@kloros/signal-schema";
import { NatsConnection } from "./nats_connection.ts";

const STREAM = "SIGNALS";
const SUBJECT = "signals";
const DELIVERED = "delivered";
const ACKNOWLEDGED = "+ACK";
/** Deliveries without an acknowledgement, at most: as many as our consumer holds. */
const PENDING_MAX = 4096;

export interface Stream {
  /** Queued until `flush`. */
  publish(body: string, onStored: () => void): void;
  flush(): void;
}

export async function openStream(port: number): Promise<Stream> {
  const nats = await NatsConnection.open(port);
  return {
    publish: (body, onStored) => {
      nats.request(SUBJECT, body, (answer) => {
        if (answer.includes('"error"')) throw new Error(`nats: ${answer}`);
        onStored();
      });
    },
    flush: () => {
      nats.flush();
    },
  };
}

export async function consumeStream(
  port: number,
  onSignal: (signal: Envelope) => void,
  onSettled: () => void,
): Promise<void> {
  const nats = await NatsConnection.open(port);
  await nats.ask(`$JS.API.STREAM.CREATE.${STREAM}`, {
    name: STREAM,
    subjects: [SUBJECT],
    storage: "file",
    retention: "limits",
    num_replicas: 1,
    // Identity of a signal is ours to keep; a window of ids would only slow the peer down.
    duplicate_window: 0,
  });
  let planned = false;
  nats.subscribe(DELIVERED, (_subject, payload, reply) => {
    onSignal(JSON.parse(payload) as Envelope);
    nats.request(reply, ACKNOWLEDGED, onSettled);
    if (planned) return;
    planned = true;
    queueMicrotask(() => {
      planned = false;
      nats.flush();
    });
  });
  await nats.ask(`$JS.API.CONSUMER.DURABLE.CREATE.${STREAM}.worker`, {
    stream_name: STREAM,
    config: {
      durable_name: "worker",
      deliver_subject: DELIVERED,
      deliver_policy: "all",
      ack_policy: "explicit",
      max_ack_pending: PENDING_MAX,
    },
  });
}
