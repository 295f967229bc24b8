import type { HealthConfig } from "./config.ts";
import type { Probe } from "./probe.ts";

export interface GpuUse {
  readonly index: number;
  readonly memoryPercent: number;
  /** °C. */
  readonly temperature: number;
}

/** `use`: empty on a machine without one. */
export function gpuProbe(config: HealthConfig, use: () => Promise<readonly GpuUse[] | undefined>): Probe {
  return {
    name: "gpu",
    looks: 2,
    read: async () =>
      (await use())?.flatMap(({ index, memoryPercent, temperature }) => [
        {
          key: `gpu:${index}:memory`,
          type: "gpu_memory_high",
          value: memoryPercent,
          unit: "%",
          levels: [{ severity: "warning", above: config.gpuMemoryPercentMax }] as const,
          message: `GPU ${index} has ${Math.round(memoryPercent)} % of its memory in use`,
          advice: "nvidia-smi",
          suggestions: ["load a smaller model, or fewer of its layers", "shorten the context"],
        },
        {
          key: `gpu:${index}:temperature`,
          type: "gpu_hot",
          value: temperature,
          unit: "°C",
          levels: [{ severity: "warning", above: config.gpuTemperatureMax }] as const,
          message: `GPU ${index} has ${temperature} °C`,
          advice: "nvidia-smi -q -d TEMPERATURE,PERFORMANCE",
          suggestions: ["look at its fans and filters"],
        },
      ]),
  };
}
