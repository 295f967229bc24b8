import type { Bench } from "../bench.ts";
import { compare } from "../house/compare.ts";
import { measureRounds } from "../house/rounds.ts";
import { findNats } from "../peers/nats_server.ts";
import { REDIS_MISSING, redisVersion } from "../peers/redis_server.ts";
import { jetstream, type Load, ours, rawZmq, redis, sqlite } from "./subjects.ts";

const LOAD: Load = { warmUp: 30_000, count: 200_000 };
const QUICK: Load = { warmUp: 5000, count: 30_000 };

export const durablePublish: Bench = {
  name: "durable-publish",
  title: "durable publish, many in flight, one consumer in another process keeping up",
  method:
    "Three processes: a publisher, the server, a consumer. Signals of about 300 bytes of JSON, a different one each time. The time runs from the " +
    "first publish to the settlement of the last signal: stored with a sync before its acknowledgement, handled by the consumer (which parses it), and its " +
    "settlement stored with a sync as well. Ours is services/chemical-bus as it is, over ipc. Redis: XADD, XREADGROUP, XACK over a unix socket with " +
    "`appendfsync always`; acknowledgements of a read travel with the next read. JetStream: file storage, `sync_interval: always`, a push consumer whose " +
    "acknowledgements are confirmed, over loopback tcp. Each with the signals in flight that suit it best. libzmq: DEALER, ROUTER, DEALER with the same " +
    "batches, nothing checked and nothing stored: the upper bound of the transport. SQLite: one process that inserts the rows with a sync for each 512: the upper bound of the " +
    "storage, without deliveries. A warm-up precedes. All clients are TypeScript under Bun.",
  limitMs: 15 * 60_000,
  async run({ quick, scratch, say }) {
    const load = quick ? QUICK : LOAD;
    const nats = findNats();
    const withRedis = redisVersion() !== undefined;
    const subjects = [
      ours(scratch, load),
      ...(withRedis ? [redis(scratch, load)] : []),
      ...(nats.ok ? [jetstream(scratch, load)] : []),
      rawZmq(scratch, load),
      sqlite(scratch, load),
    ];
    const figures = await measureRounds(subjects, quick ? 1 : 5, say);
    const against = (peer: string, atLeast?: number) =>
      compare(figures, {
        what: "settled",
        subject: "kloros",
        peer,
        ...(atLeast === undefined ? {} : { wanted: { atLeast } }),
      });
    return {
      figures,
      ratios: [
        ...against("redis always", 1.5),
        ...against("jetstream always", 20),
        ...against("libzmq, nothing stored"),
      ],
      notes: [...(withRedis ? [] : [REDIS_MISSING]), ...(nats.ok ? [] : [nats.why])],
    };
  },
};
