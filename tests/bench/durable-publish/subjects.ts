/** Who is measured: each subject brings its server up, lets a publisher and a consumer work, and takes all down again. */
import { join } from "node:path";
import type { Child } from "../house/child.ts";
import { makePlace, startBus } from "../house/bus_daemon.ts";
import { cpuSeconds } from "../house/proc_stat.ts";
import type { Measured, Quantity } from "../house/rounds.ts";
import type { Scratch } from "../house/scratch.ts";
import { startNats } from "../peers/nats_server.ts";
import { startRedis } from "../peers/redis_server.ts";
import { type FlowPrograms, measureFlow } from "./flow.ts";

export interface Load {
  readonly warmUp: number;
  readonly count: number;
}

interface Server {
  readonly child: Child;
  readonly programs: FlowPrograms;
}

const here = (file: string): string => join(import.meta.dir, file);

/** Signals under way and signals a call: for each the best of a sweep from 256 to 16,384 and from 16 to 512. */
const OURS = { inFlight: 1024, chunk: 32, concurrency: 1024, prefetch: 3072 };
const REDIS = { inFlight: 1024, chunk: 32, read: 512 };
const JETSTREAM = { inFlight: 1024, chunk: 16 };
const RAW = { inFlight: 4096, chunk: 64 };
const SQLITE_ROWS = 512;
const SQLITE_MS = 120_000;

export function ours(scratch: Scratch, load: Load): Measured {
  return served("kloros", scratch, load, async () => {
    const place = makePlace(scratch);
    const child = await startBus(scratch, place);
    const endpoint = place.paths.busEndpoint;
    const { inFlight, chunk, concurrency, prefetch } = OURS;
    return {
      child,
      programs: {
        consumer: () => scratch.run(here("bus_consumer_process.ts"), [endpoint, concurrency, prefetch]),
        publisher: () => scratch.run(here("bus_publisher_process.ts"), [endpoint, inFlight, chunk]),
      },
    };
  });
}

export function redis(scratch: Scratch, load: Load): Measured {
  return served("redis always", scratch, load, async () => {
    const { child, socketPath } = await startRedis(scratch);
    const { inFlight, chunk, read } = REDIS;
    return {
      child,
      programs: {
        consumer: () => scratch.run(here("redis_consumer_process.ts"), [socketPath, read]),
        publisher: () => scratch.run(here("redis_publisher_process.ts"), [socketPath, inFlight, chunk]),
      },
    };
  });
}

/** Its syncs are so many that a tenth of the signals takes longer than all of the others. */
export function jetstream(scratch: Scratch, load: Load): Measured {
  const tenth = { warmUp: Math.ceil(load.warmUp / 10), count: Math.ceil(load.count / 10) };
  return served("jetstream always", scratch, tenth, async () => {
    const { child, port } = await startNats(scratch);
    const { inFlight, chunk } = JETSTREAM;
    return {
      child,
      programs: {
        consumer: () => scratch.run(here("jetstream_consumer_process.ts"), [port]),
        publisher: () => scratch.run(here("jetstream_publisher_process.ts"), [port, inFlight, chunk]),
      },
    };
  });
}

export function rawZmq(scratch: Scratch, load: Load): Measured {
  return served("libzmq, nothing stored", scratch, load, async () => {
    const endpoint = `ipc://${join(scratch.subdirectory(), "r.sock")}`;
    const child = scratch.run(here("raw_router_process.ts"), [endpoint]);
    await child.event("ready", 20_000);
    return {
      child,
      programs: {
        consumer: () => scratch.run(here("raw_consumer_process.ts"), [endpoint]),
        publisher: () => scratch.run(here("raw_publisher_process.ts"), [endpoint, RAW.inFlight, RAW.chunk]),
      },
    };
  });
}

export function sqlite(scratch: Scratch, { count }: Load): Measured {
  return {
    name: "sqlite in-process",
    measure: async () => {
      const file = join(scratch.subdirectory(), "rows.db");
      const child = scratch.run(here("sqlite_process.ts"), [file, count, SQLITE_ROWS]);
      const { perS } = await child.event("stored", SQLITE_MS);
      await scratch.end([child]);
      return [{ what: "stored", unit: "1/s", value: Number(perS) }];
    },
  };
}

function served(name: string, scratch: Scratch, load: Load, start: () => Promise<Server>): Measured {
  return {
    name,
    measure: async (): Promise<Quantity[]> => {
      const { child, programs } = await start();
      const before = cpuSeconds(child.pid) ?? 0;
      const { settledPerS, publishedPerS } = await measureFlow(scratch, programs, load);
      const spent = (cpuSeconds(child.pid) ?? 0) - before;
      await scratch.end([child]);
      return [
        { what: "settled", unit: "1/s", value: settledPerS },
        { what: "published", unit: "1/s", value: publishedPerS },
        { what: "server's processor time", unit: "µs", value: (spent / (load.warmUp + load.count)) * 1e6 },
      ];
    },
  };
}
