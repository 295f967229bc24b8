import type { HealthConfig } from "./config.ts";
import type { Probe } from "./probe.ts";

export interface Load {
  /** Load average of five minutes. */
  readonly load5: number;
  readonly cores: number;
}

export function loadProbe(config: HealthConfig, load: () => Load): Probe {
  return {
    name: "load",
    looks: 2,
    read: async () => {
      const { load5, cores } = load();
      const cpus = cores === 1 ? "1 core" : `${cores} cores`;
      return [
        {
          key: "load",
          type: "load_high",
          value: load5,
          unit: "processes",
          levels: [{ severity: "warning", above: config.loadPerCoreMax * cores }],
          step: cores,
          message: `in the last five minutes ${load5.toFixed(2)} processes wanted one of ${cpus} at any time`,
          advice: "ps aux --sort=-%cpu | head -20",
          suggestions: ["give D-REAM fewer parallel evaluators", "kloros pause dream-consumer"],
        },
      ];
    },
  };
}
