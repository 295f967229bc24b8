/** The bus answers a probe late or not at all. Told when it is back: until then nobody can hear it. */
import type { Clock } from "@kloros/daemon";
import type { HealthConfig } from "./config.ts";
import type { Probe } from "./probe.ts";

/** `ping`: the round trip, ms; rejects when there is no answer within `timeoutMs`. */
export function busStalledProbe(
  config: HealthConfig,
  ping: (options: { readonly timeoutMs: number }) => Promise<number>,
  clock: Clock,
): Probe {
  const limit = config.busRoundTripMaxMs;
  const timeoutMs = Math.max(1, limit * UNREACHABLE);
  let answeredAt = clock.monotonicMs();
  return {
    name: "bus_stalled",
    looks: 2,
    read: async () => {
      const roundTripMs = await ping({ timeoutMs }).catch(() => undefined);
      const now = clock.monotonicMs();
      // Without an answer, it took at least what was waited for.
      const value = roundTripMs ?? Math.max(timeoutMs + 1, now - answeredAt);
      if (roundTripMs !== undefined) answeredAt = now;
      return [
        {
          key: "bus",
          type: "bus_stalled",
          value,
          unit: "ms",
          levels: [
            { severity: "warning", above: limit },
            { severity: "critical", above: timeoutMs },
          ],
          message:
            roundTripMs === undefined
              ? `the bus has not answered for ${Math.round(value)} ms`
              : `the bus answers within ${Math.round(value)} ms`,
          advice: "kloros logs chemical-bus",
          suggestions: ["kloros status", "restart chemical-bus", "look at the disk of the journal"],
        },
      ];
    },
  };
}

/** No answer within so many times the limit counts as none. */
const UNREACHABLE = 5;
