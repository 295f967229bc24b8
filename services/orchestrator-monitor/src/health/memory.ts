import { amountOf } from "./bytes_text.ts";
import type { HealthConfig } from "./config.ts";
import type { Probe } from "./probe.ts";

export interface SpaceUse {
  readonly usedBytes: number;
  readonly totalBytes: number;
}

export function memoryProbe(config: HealthConfig, use: () => Promise<SpaceUse | undefined>): Probe {
  return {
    name: "memory",
    looks: 2,
    read: async () => {
      const memory = await use();
      if (memory === undefined) return undefined;
      return [
        {
          key: "memory",
          type: "memory_high",
          value: (100 * memory.usedBytes) / memory.totalBytes,
          unit: "%",
          levels: [{ severity: "warning", above: config.memoryPercentMax }],
          step: 5,
          message: `${amountOf(memory.usedBytes)} of ${amountOf(memory.totalBytes)} of memory are in use`,
          advice: "ps aux --sort=-rss | head -20",
          suggestions: ["stop or limit the process that grows", "raise the memory limit of the container"],
        },
      ];
    },
  };
}
