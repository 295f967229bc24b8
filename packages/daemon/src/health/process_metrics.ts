import type { Clock } from "../types.ts";
import type { Metrics } from "./metrics.ts";

/** Memory, CPU and age of this process, read when somebody asks. */
export function observeProcess(metrics: Metrics, clock: Clock): void {
  const startedMs = clock.monotonicMs();
  metrics.describe("process_resident_memory_bytes", "gauge", "Resident memory of this process.");
  metrics.describe("process_cpu_seconds_total", "counter", "CPU time of this process, user and system.");
  metrics.describe("uptime_seconds", "gauge", "Since this service was started.");
  metrics.collect(() => {
    const { user, system } = process.cpuUsage();
    metrics.gauge("process_resident_memory_bytes", process.memoryUsage.rss());
    metrics.setCounter("process_cpu_seconds_total", (user + system) / 1e6);
    metrics.gauge("uptime_seconds", (clock.monotonicMs() - startedMs) / 1000);
  });
}
