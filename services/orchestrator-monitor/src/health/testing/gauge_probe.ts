import type { Probe } from "../probe.ts";

/** A probe whose value the test sets; undefined: it cannot be said. */
export interface GaugeProbe extends Probe {
  value: number | undefined;
}

export function gaugeProbe(): GaugeProbe {
  const gauge: GaugeProbe = {
    name: "gauge",
    value: 0,
    read: async () =>
      gauge.value === undefined
        ? undefined
        : [
            {
              key: "gauge",
              type: "gauge_high",
              value: gauge.value,
              unit: "%",
              levels: [
                { severity: "warning", above: 80 },
                { severity: "critical", above: 90 },
              ],
              message: `it stands at ${gauge.value}`,
              advice: "turn it down",
            },
          ],
  };
  return gauge;
}
