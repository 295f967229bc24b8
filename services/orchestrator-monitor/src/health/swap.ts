import { amountOf } from "./bytes_text.ts";
import type { HealthConfig } from "./config.ts";
import type { SpaceUse } from "./memory.ts";
import type { Probe } from "./probe.ts";

/** `use`: total 0 where none is configured, and that is fine. */
export function swapProbe(config: HealthConfig, use: () => Promise<SpaceUse | undefined>): Probe {
  return {
    name: "swap",
    looks: 2,
    read: async () => {
      const swap = await use();
      if (swap === undefined) return undefined;
      if (swap.totalBytes === 0) return [];
      return [
        {
          key: "swap",
          type: "swap_high",
          value: (100 * swap.usedBytes) / swap.totalBytes,
          unit: "%",
          levels: [{ severity: "warning", above: config.swapPercentMax }],
          step: 10,
          message: `${amountOf(swap.usedBytes)} of ${amountOf(swap.totalBytes)} of swap are in use`,
          advice: "grep -H VmSwap /proc/[0-9]*/status | sort -k2 -n | tail -20",
          suggestions: ["restart the process that was swapped out", "give the machine more memory"],
        },
      ];
    },
  };
}
