/** What a service did lately, in words for `systemctl status`: "42 done, 1 in work, last 2 s ago". */
import type { SettledEvent } from "@kloros/bus-client";
import { ageText } from "../age_text.ts";
import type { Clock } from "../types.ts";

export interface Activity {
  /** A handler began. */
  began(): void;
  settled(outcome: SettledEvent["outcome"]): void;
  /** Something was said on the bus. */
  emitted(): void;
  /** Undefined: nothing happened yet. */
  readonly text: string | undefined;
}

export function trackActivity(clock: Clock): Activity {
  let [done, failed, inWork] = [0, 0, 0];
  let lastMs: number | undefined;
  const now = (): void => {
    lastMs = clock.monotonicMs();
  };
  return {
    began: () => {
      inWork += 1;
      now();
    },
    settled: (outcome) => {
      inWork = Math.max(0, inWork - 1);
      if (outcome === "done") done += 1;
      if (outcome === "retry" || outcome === "dead") failed += 1;
      now();
    },
    emitted: now,
    get text() {
      if (lastMs === undefined) return undefined;
      const parts = [
        ...(done > 0 ? [`${String(done)} done`] : []),
        ...(failed > 0 ? [`${String(failed)} failed`] : []),
        ...(inWork > 0 ? [`${String(inWork)} in work`] : []),
        `last ${ageText(clock.monotonicMs() - lastMs)} ago`,
      ];
      return parts.join(", ");
    },
  };
}
