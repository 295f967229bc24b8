/** What a service did lately, in words for `systemctl status`: "42 done, 1 in work, last 2 s ago". */
import type { SettledEvent } from "@kloros/bus-client";
import { ageText } from "../age_text.ts";
import type { Clock } from "../types.ts";

export interface Activity {
  settled(outcome: SettledEvent["outcome"]): void;
  /** Anything else: a handler began, something was said on the bus. */
  happened(): void;
  /** Undefined: nothing happened yet. */
  readonly text: string | undefined;
}

/** `inWork`: handlers at work now. */
export function trackActivity(clock: Clock, inWork: () => number): Activity {
  let [done, failed] = [0, 0];
  let lastMs: number | undefined;
  const happened = (): void => {
    lastMs = clock.monotonicMs();
  };
  return {
    settled: (outcome) => {
      if (outcome === "done") done += 1;
      if (outcome === "retry" || outcome === "dead") failed += 1;
      happened();
    },
    happened,
    get text() {
      if (lastMs === undefined) return undefined;
      const now = inWork();
      const parts = [
        ...(done > 0 ? [`${String(done)} done`] : []),
        ...(failed > 0 ? [`${String(failed)} failed`] : []),
        ...(now > 0 ? [`${String(now)} in work`] : []),
        `last ${ageText(clock.monotonicMs() - lastMs)} ago`,
      ];
      return parts.join(", ");
    },
  };
}
