import { join } from "node:path";
import type { Bench, BenchContext, Figure } from "../bench.ts";
import type { FlowPrograms } from "../durable-publish/flow.ts";
import { makePlace, startBus } from "../house/bus_daemon.ts";
import { compare } from "../house/compare.ts";
import type { Child } from "../house/child.ts";
import { type Measured, measureRounds } from "../house/rounds.ts";
import type { Scratch } from "../house/scratch.ts";
import { findNats, startNats } from "../peers/nats_server.ts";
import { REDIS_MISSING, redisVersion, startRedis } from "../peers/redis_server.ts";
import { measureLatency, PERIOD_MS } from "./flow.ts";

const WARM_UP = 2000;
const here = (file: string): string => join(import.meta.dir, file);

/** Programs of one kind: `<kind>_consumer_process.ts <where>`, `<kind>_publisher_process.ts <where> <period>`. */
function programsOf(scratch: Scratch, kind: string, where: string | number): FlowPrograms {
  return {
    consumer: () => scratch.run(here(`${kind}_consumer_process.ts`), [where]),
    publisher: () => scratch.run(here(`${kind}_publisher_process.ts`), [where, PERIOD_MS]),
  };
}

interface Started {
  readonly child: Child;
  readonly programs: FlowPrograms;
}

function subject({ scratch, quick }: BenchContext, name: string, start: () => Promise<Started>): Measured {
  return {
    name,
    measure: async () => {
      const { child, programs } = await start();
      const load = { warmUp: WARM_UP, count: quick ? 3000 : 8000 };
      const { p50, p99, p999 } = await measureLatency(scratch, programs, load);
      await scratch.end([child]);
      return [
        { what: "p50", unit: "ms", value: p50 },
        { what: "p99", unit: "ms", value: p99 },
        { what: "p99.9", unit: "ms", value: p999 },
      ];
    },
  };
}

export const durableLatency: Bench = {
  name: "durable-latency",
  title: "publish → handler in another process, durable, 1,000 a second",
  method:
    "An open loop: signal i is due i ms after the start, whether or not the earlier ones came through, and its latency runs from the time at which it was due (not from when " +
    "it was sent) to the first act of the handler in another process. The time is that of the machine (performance.timeOrigin + performance.now()), the same in " +
    "all processes. The publisher waits for each due time in a sleep of its own, because a timer of the event loop is a millisecond too coarse. Redis: XADD to a consumer that is blocked in " +
    "XREADGROUP, with XACK; JetStream: a push consumer with confirmed acknowledgements; both sync each write. Two seconds of warm-up precede.",
  limitMs: 12 * 60_000,
  async run(context) {
    const { scratch, quick, say } = context;
    const nats = findNats();
    const withRedis = redisVersion() !== undefined;
    const bus = subject(context, "kloros", async () => {
      const place = makePlace(scratch);
      const child = await startBus(scratch, place);
      return { child, programs: programsOf(scratch, "bus", place.paths.busEndpoint) };
    });
    const redis = subject(context, "redis always", async () => {
      const { child, socketPath } = await startRedis(scratch);
      return { child, programs: programsOf(scratch, "redis", socketPath) };
    });
    const jetstream = subject(context, "jetstream always", async () => {
      const { child, port } = await startNats(scratch);
      return { child, programs: programsOf(scratch, "jetstream", port) };
    });
    const subjects = [bus, ...(withRedis ? [redis] : []), ...(nats.ok ? [jetstream] : [])];
    const figures = await measureRounds(subjects, quick ? 1 : 5, say);
    return {
      figures,
      ratios: ratiosOf(figures),
      notes: [...(withRedis ? [] : [REDIS_MISSING]), ...(nats.ok ? [] : [nats.why])],
    };
  },
};

function ratiosOf(figures: readonly Figure[]) {
  const against = (what: string, peer: string, atMost?: number) =>
    compare(figures, {
      what,
      subject: "kloros",
      peer,
      ...(atMost === undefined ? {} : { wanted: { atMost } }),
    });
  return [
    ...against("p50", "redis always", 1),
    ...against("p99", "redis always", 1),
    ...["p50", "p99"].flatMap((what) => against(what, "jetstream always")),
  ];
}
