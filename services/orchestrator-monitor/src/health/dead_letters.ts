import type { BusPass } from "./bus_pass.ts";
import type { HealthConfig } from "./config.ts";
import type { Probe } from "./probe.ts";

export function deadLettersProbe(config: HealthConfig, books: BusPass): Probe {
  return {
    name: "dead_letters",
    read: async () => {
      const count = (await books())?.status.deadLetters;
      if (count === undefined) return undefined;
      return [
        {
          key: "dead_letters",
          type: "dead_letters",
          value: count,
          unit: "dead letters",
          levels: [
            { severity: "warning", above: config.deadLettersMax },
            { severity: "critical", above: config.deadLettersCritical },
          ],
          step: Math.max(1, config.deadLettersMax),
          message: `${count} signals were given up and nobody dealt with them`,
          advice: "kloros dlq list",
          suggestions: ["kloros dlq show N", "kloros dlq retry N"],
        },
      ];
    },
  };
}
