/** Where a figure was measured: without it, it says nothing. */
import { cpus, loadavg, release, totalmem } from "node:os";
import { readFileSync } from "node:fs";
import { findNats } from "../peers/nats_server.ts";
import { redisVersion } from "../peers/redis_server.ts";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly kernel: string;
  readonly bun: string;
  readonly redis: string;
  readonly nats: string;
  /** Of the last minute when the run began: other work falsifies latencies first. */
  readonly loadAverage: number;
}

export function describeMachine(): Machine {
  const nats = findNats();
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: systemName(),
    kernel: release(),
    bun: Bun.version,
    redis: redisVersion() ?? "not installed",
    nats: nats.ok ? nats.version : "none that knows sync_interval: always",
    loadAverage: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? process.platform;
  } catch {
    return process.platform;
  }
}
