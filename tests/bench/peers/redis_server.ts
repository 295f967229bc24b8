/** A Redis of our own: on a unix socket, its append-only file on the same disk as the journal. */
import { join } from "node:path";
import type { Child } from "../house/child.ts";
import type { Scratch } from "../house/scratch.ts";
import { RespConnection } from "./resp.ts";

const READY_MS = 10_000;

export interface RedisServer {
  readonly child: Child;
  readonly socketPath: string;
}

/** Undefined: not installed. */
export function redisVersion(): string | undefined {
  if (Bun.which("redis-server") === null) return undefined;
  const { stdout } = Bun.spawnSync(["redis-server", "--version"]);
  return /v=([\d.]+)/.exec(stdout.toString())?.[1];
}

export const REDIS_MISSING = "Redis is not installed here (Debian: redis-server): its figures are missing";

/** `appendfsync always`: an answered write is on disk, as with us. */
export async function startRedis(scratch: Scratch): Promise<RedisServer> {
  const directory = scratch.subdirectory();
  const socketPath = join(directory, "redis.sock");
  const settings = {
    port: "0",
    unixsocket: socketPath,
    dir: directory,
    appendonly: "yes",
    appendfsync: "always",
    save: "",
    // A rewrite in the middle of a measurement would be ours to explain: there is none.
    "auto-aof-rewrite-percentage": "0",
  };
  const args = Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]);
  const child = scratch.spawn("redis-server", ["redis-server", ...args]);
  const until = performance.now() + READY_MS;
  for (;;) {
    try {
      const connection = await RespConnection.open(socketPath);
      await connection.ask(["PING"]);
      connection.close();
      return { child, socketPath };
    } catch (error) {
      if (performance.now() > until)
        throw new Error(`redis-server did not start. ${child.stderr}`, { cause: error });
      await Bun.sleep(20);
    }
  }
}
