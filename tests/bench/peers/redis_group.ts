/** A consumer of a Redis stream by a consumer group: reads blocked, handles, acknowledges. */
import type { Envelope } from "@kloros/signal-schema";
import { RespConnection, type Reply } from "./resp.ts";

type Entry = readonly [id: string, fields: readonly [name: string, body: string]];

export interface GroupOptions {
  readonly socketPath: string;
  /** Entries a read, at most. */
  readonly count: number;
  readonly onSignal: (signal: Envelope) => void;
  /** Redis has acknowledged so many. */
  readonly onSettled?: (count: number) => void;
}

/** The acknowledgement of one read and the next read travel together, as with a consumer that prefetches. */
export async function consumeGroup(options: GroupOptions): Promise<void> {
  const redis = await RespConnection.open(options.socketPath);
  await redis.ask(["XGROUP", "CREATE", "signals", "workers", "0", "MKSTREAM"]);
  const { count, onSettled } = options;
  const command = ["XREADGROUP", "GROUP", "workers", "one", "COUNT", String(count)];
  const read = [...command, "BLOCK", "1000", "STREAMS", "signals", ">"];
  const take = (reply: Reply): void => {
    if (reply instanceof Error) throw reply;
    const ids = idsHandled(reply, options.onSignal);
    if (ids.length > 0) {
      redis.send(["XACK", "signals", "workers", ...ids], (acknowledged) => {
        if (acknowledged !== ids.length) throw new Error(`redis acknowledged ${String(acknowledged)}`);
        onSettled?.(ids.length);
      });
    }
    redis.send(read, take);
    redis.flush();
  };
  redis.send(read, take);
  redis.flush();
}

/** Each body is read as JSON, as our consumer does. */
function idsHandled(reply: Reply, onSignal: (signal: Envelope) => void): string[] {
  if (reply === null) return [];
  const [[, entries]] = reply as readonly [readonly [string, readonly Entry[]]];
  return entries.map(([id, [, body]]) => {
    onSignal(JSON.parse(body) as Envelope);
    return id;
  });
}
