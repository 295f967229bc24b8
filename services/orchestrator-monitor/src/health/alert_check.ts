/**
 * Makes a check of a probe.
 *
 * Order, so that a crash anywhere neither raises twice nor forgets to clear: decided, remembered as told and as due (on
 * disk, in one write), published with a derived id, remembered as done. What is due is published again after a restart,
 * same id, same text: the bus stores it once.
 */
import { crashPoint } from "@kloros/daemon";
import type { ServiceContext } from "@kloros/daemon";
import { HealthAlert } from "@kloros/signal-schema";
import type { Check } from "../check.ts";
import type { AlertMemory, DueAlert } from "./alert.ts";
import type { AlertBook } from "./alert_book.ts";
import { decideAlerts, type Streaks } from "./decide.ts";
import type { Probe } from "./probe.ts";

export interface AlertCheckOptions {
  readonly book: AlertBook;
  readonly clock: ServiceContext["clock"];
  readonly root: ServiceContext["root"];
  readonly intervalMs: number;
  readonly clearMargin: number;
  readonly quietMs: number;
}

export function alertCheck(probe: Probe, options: AlertCheckOptions): Check {
  const { book, clock, clearMargin, quietMs } = options;
  let streaks: Streaks = {};
  return {
    name: probe.name,
    intervalMs: options.intervalMs,
    watches: { files: [], signals: probe.signals ?? [] },
    run: async ({ signals }) => {
      const memory = await book.of(probe.name);
      const readings = await probe.read({ nowMs: clock.wallMs(), standing: memory.standing, signals });
      let next: AlertMemory = memory;
      if (readings !== undefined) {
        const rules = { nowMs: clock.wallMs(), looks: probe.looks ?? 1, clearMargin, quietMs };
        ({ memory: next, streaks } = decideAlerts(readings, { memory, streaks }, rules));
      }
      if (next.due.length === 0) return { advisories: [] };
      if (next !== memory) await book.keep(probe.name, next);
      crashPoint("monitor.remembered");
      const published = async (): Promise<void> => {
        crashPoint("monitor.published");
        await book.keep(probe.name, { ...next, due: [] });
      };
      return { advisories: next.due.map((due) => envelopeOf(due, options)), published };
    },
  };
}

function envelopeOf({ facts, timestampMs }: DueAlert, { root }: Pick<AlertCheckOptions, "root">) {
  const idKey = JSON.stringify([facts.key, facts.state, facts.severity]);
  return root(HealthAlert, facts, { idKey, timestampMs });
}
