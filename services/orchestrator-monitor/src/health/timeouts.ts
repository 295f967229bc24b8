/** Work that was handed to a worker and not answered in time. One alert for all of a kind, as long as the last is recent. */
import { DreamTimeout, InvestigationTimeout, isSignal, type Envelope } from "@kloros/signal-schema";
import type { Reading } from "./alert.ts";
import type { HealthConfig } from "./config.ts";
import type { Probe } from "./probe.ts";
import type { RecentSignals } from "./recent_signals.ts";

export const TIMEOUT_SIGNALS = [InvestigationTimeout, DreamTimeout] as const;

/** More than so many within the window: it is not one question that is hard. */
const MANY = 10;
const NAMED_MAX = 5;

export function timeoutsProbe(config: HealthConfig, recent: RecentSignals): Probe {
  return {
    name: "timeouts",
    signals: TIMEOUT_SIGNALS,
    read: async ({ nowMs, signals }) => {
      const all = await recent.with(signals);
      const from = nowMs - config.timeoutsWindowMs;
      const inWindow = all?.filter(({ timestamp }) => Date.parse(timestamp) > from);
      return inWindow && [investigations(inWindow), cycles(inWindow)];
    },
  };
}

function investigations(signals: readonly Envelope[]): Reading {
  const timeouts = signals.filter((signal) => isSignal(InvestigationTimeout, signal));
  const questions = timeouts.map(({ facts }) => facts.question_id);
  return {
    key: "timeouts:investigation",
    type: "investigation_timeout",
    ...shared(timeouts),
    message: `not answered in time: ${named(questions)}`,
    advice: "kloros logs investigation-consumer",
    suggestions: [...new Set(timeouts.map(({ facts }) => facts.suggested_action))].slice(-NAMED_MAX),
  };
}

function cycles(signals: readonly Envelope[]): Reading {
  const timeouts = signals.filter((signal) => isSignal(DreamTimeout, signal));
  return {
    key: "timeouts:dream",
    type: "dream_timeout",
    ...shared(timeouts),
    message: `D-REAM cycles that did not end in time: ${named(timeouts.map(({ facts }) => facts.run_tag ?? facts.request_id))}`,
    advice: "kloros logs dream-consumer",
    suggestions: [...new Set(timeouts.map(({ facts }) => facts.suggested_action))].slice(-NAMED_MAX),
  };
}

function shared(timeouts: readonly Envelope[]): Pick<Reading, "value" | "unit" | "levels" | "step"> {
  return {
    value: timeouts.length,
    unit: "timeouts",
    levels: [
      { severity: "warning", above: 0 },
      { severity: "critical", above: MANY },
    ],
    step: MANY,
  };
}

function named(ids: readonly string[]): string {
  const last = [...new Set(ids)].slice(-NAMED_MAX);
  return ids.length === 0
    ? "none"
    : `${last.join(", ")}${ids.length > last.length ? ` (${ids.length} times)` : ""}`;
}
