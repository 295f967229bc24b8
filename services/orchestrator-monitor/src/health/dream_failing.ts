/** D-REAM fails again and again, or does not run while promotions wait. */
import { DreamComplete, DreamTimeout } from "@kloros/signal-schema";
import type { Clock } from "@kloros/daemon";
import type { CycleEnd } from "../cycle_end.ts";
import type { Reading, Told } from "./alert.ts";
import type { HealthConfig } from "./config.ts";
import { cyclesOf, failedInARow } from "./dream_cycles.ts";
import type { Probe } from "./probe.ts";
import type { RecentSignals } from "./recent_signals.ts";
import type { Rest } from "./rest.ts";
import { createStopwatch } from "./stopwatch.ts";

export const DREAM_SIGNALS = [DreamComplete, DreamTimeout] as const;

const STARVING = "dream:starving";
const HOUR_MS = 3_600_000;
const REASON_LENGTH_MAX = 500;

export interface DreamSources {
  readonly recent: RecentSignals;
  /** Whether promotions wait that no cycle has considered; undefined: it is not known now. */
  readonly promotionsWait: () => boolean | undefined;
  readonly rest: Rest;
  readonly clock: Clock;
}

export function dreamFailingProbe(config: HealthConfig, sources: DreamSources): Probe {
  const { recent, promotionsWait, rest } = sources;
  const waiting = createStopwatch(sources.clock);
  const rests = (): boolean =>
    rest.maintenance() || rest.paused("dream-consumer") || rest.paused("policy-engine");
  let lastTrigger: string | undefined;
  return {
    name: "dream_failing",
    signals: DREAM_SIGNALS,
    read: async ({ signals, standing }) => {
      const all = await recent.with(signals);
      if (all === undefined) return undefined;
      const cycles = cyclesOf(all);
      const last = cycles.at(-1);
      const waits = promotionsWait();
      const idle = waits !== false && !rests();
      // A cycle that ended, however it ended, shows that promotions are being worked on: the time begins anew.
      if (!idle || last?.cycle !== lastTrigger) waiting.over(STARVING);
      lastTrigger = last?.cycle;
      const told = stillTrue(standing[STARVING], last);
      const waitedMs = idle ? waiting.lasts(STARVING, { told, unitMs: HOUR_MS }) : 0;
      const known = waits === undefined ? Number.NaN : waitedMs;
      return [failing(failedInARow(cycles), config), starving(known, config)];
    },
  };
}

function stillTrue(told: Told | undefined, last: CycleEnd | undefined): Told | undefined {
  return told !== undefined && (last?.endedMs ?? 0) > told.atMs ? undefined : told;
}

function failing(failed: readonly CycleEnd[], config: HealthConfig): Reading {
  const last = failed.at(-1);
  return {
    key: "dream:failing",
    type: "dream_failing",
    value: failed.length,
    unit: "cycles",
    levels: [{ severity: "critical", above: config.dreamFailuresMax }],
    step: Math.max(1, config.dreamFailuresMax),
    message:
      last === undefined
        ? "the last D-REAM cycle did not fail"
        : `${failed.length} D-REAM cycles failed in a row, the last: ${last.why.slice(0, REASON_LENGTH_MAX)}`,
    advice: "kloros logs dream-consumer",
    suggestions: ["correct the evaluators that dream.yaml names", "kloros pause dream-consumer"],
  };
}

function starving(waitedMs: number, config: HealthConfig): Reading {
  const hours = waitedMs / HOUR_MS;
  return {
    key: STARVING,
    type: "dream_starving",
    value: hours,
    unit: "h",
    levels: [{ severity: "warning", above: config.promotionsWaitMaxMs / HOUR_MS }],
    message:
      waitedMs === 0
        ? "no promotion waits in vain"
        : `promotions have waited for ${hours.toFixed(1)} h, and no D-REAM cycle has ended meanwhile`,
    advice: "kloros why-not Q_DREAM_TRIGGER",
    suggestions: ["kloros status", "kloros logs policy-engine", "kloros logs dream-consumer"],
  };
}
