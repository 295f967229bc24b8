/** A probe on duty: a home and a bus of its own, a clock that the test sets, the memory in a real file. */
import { configFor, makeTestHome, openTestBus } from "@kloros/daemon/testing";
import type { TestBus, TestHome } from "@kloros/daemon/testing";
import { resolveInstallation, type Clock, type Mode } from "@kloros/daemon";
import { createRoot, deriveRootId, HealthAlert, isSignal, validateFacts } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { join } from "node:path";
import { createCheckRunner, type CheckRunner } from "../../check_runner.ts";
import { openMemory } from "../../memory_file.ts";
import type { AlertFacts } from "../alert.ts";
import { createAlertBook, readMemories, type AlertBook, type Memories } from "../alert_book.ts";
import { alertCheck } from "../alert_check.ts";
import { config, type HealthConfig } from "../config.ts";
import type { Probe } from "../probe.ts";

const SERVICE = "orchestrator-monitor";

export interface TestClock extends Clock {
  advance(ms: number): void;
}

function testClock(wallMs: number = Date.UTC(2026, 0, 1)): TestClock {
  let passedMs = 0;
  return {
    wallMs: () => wallMs + passedMs,
    monotonicMs: () => passedMs,
    advance: (ms) => void (passedMs += ms),
  };
}

/** The shipped settings, with some in their place. */
export function healthSettings(given: Partial<HealthConfig> = {}): HealthConfig {
  return configFor(config, given);
}

export interface WatchPost {
  readonly home: TestHome;
  readonly testBus: TestBus;
  readonly clock: TestClock;
  readonly said: string[];
  /** A check of the probe; another one later is the process that was started again. */
  check(probe: Probe, options?: { readonly mode?: Mode; readonly book?: AlertBook }): CheckRunner;
  book(mode?: Mode): AlertBook;
  /** What the bus holds, oldest first; each is valid. */
  alerts(): Promise<readonly AlertFacts[]>;
  remove(): Promise<void>;
}

export interface WatchPostOptions {
  readonly settings?: HealthConfig;
  /** One that is there, with its journal on disk: for a process that may be killed. Default: a new one, in memory. */
  readonly home?: string;
  /** UTC ms at which the clock begins. */
  readonly fromMs?: number;
}

export function openWatchPost(options: WatchPostOptions = {}): WatchPost {
  const { settings = healthSettings() } = options;
  const home = options.home === undefined ? makeTestHome() : existingHome(options.home);
  const testBus = openTestBus(options.home === undefined ? {} : { path: home.paths.journal });
  const bus = testBus.connect(SERVICE);
  const clock = testClock(options.fromMs);
  const said: string[] = [];
  const openBook = (mode: Mode = "act"): AlertBook => {
    const file = openMemory<Memories>(join(home.paths.state, "alerts.json"), {
      durable: mode === "act",
      key: "alerts",
      read: readMemories,
      damaged: (keptAs) => void said.push(`damaged: ${keptAs}`),
    });
    return createAlertBook(file, (error) => void said.push(`refused: ${String(error)}`));
  };
  const publish = async (signals: readonly Envelope[]): Promise<void> => {
    for (const { status } of await bus.publish(signals)) {
      if (status !== "stored" && status !== "duplicate") throw new Error(`the bus says ${status}`);
    }
  };
  const { intervalMs, clearMargin, quietMs } = settings;
  return {
    home,
    testBus,
    clock,
    said,
    book: openBook,
    check: (probe, { mode = "act", book = openBook(mode) } = {}) =>
      createCheckRunner(alertCheck(probe, { book, clock, root: rootOf, intervalMs, clearMargin, quietMs }), {
        publish,
        gatherMs: 1,
        rest: 0,
      }),
    alerts: async () => {
      const { items } = await bus.read({ signals: [HealthAlert.name], limit: 1000 });
      return items.map(({ envelope }) => factsOf(envelope));
    },
    remove: async () => {
      await testBus.close();
      home.remove();
    },
  };
}

function existingHome(path: string): TestHome {
  const { paths } = resolveInstallation({ home: path, env: {} });
  return { home: path, paths, remove: () => undefined };
}

function factsOf(envelope: Envelope): AlertFacts {
  const valid = validateFacts(HealthAlert, envelope.facts);
  if (!valid.ok || !isSignal(HealthAlert, envelope))
    throw new Error(`not an alert: ${JSON.stringify(envelope)}`);
  return envelope.facts;
}

export const rootOf: Parameters<typeof alertCheck>[1]["root"] = (definition, facts, options = {}) => {
  const { idKey = "", timestampMs = 0 } = options;
  const id = deriveRootId(timestampMs, SERVICE, definition.name, idKey);
  return createRoot(definition, facts, { source: SERVICE, nowMs: timestampMs, id });
};

/** `state severity key`, one an alert: a story that can be compared. */
export function storyOf(alerts: readonly AlertFacts[]): readonly string[] {
  return alerts.map(({ state, severity, key }) => `${state} ${severity} ${key}`);
}
