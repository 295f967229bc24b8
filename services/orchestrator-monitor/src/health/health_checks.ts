/** The health alerts of one installation: every probe with what it reads in earnest. */
import type { ServiceContext } from "@kloros/daemon";
import { join } from "node:path";
import type { Check } from "../check.ts";
import { openMemory } from "../memory_file.ts";
import { createAlertBook, readMemories, type Memories, type SharedBook } from "./alert_book.ts";
import { alertCheck } from "./alert_check.ts";
import { askHealth } from "./ask_health.ts";
import { createBusPass } from "./bus_pass.ts";
import { busStalledProbe } from "./bus_stalled.ts";
import type { HealthConfig } from "./config.ts";
import { consumerLagProbe } from "./consumer_lag.ts";
import { deadLettersProbe } from "./dead_letters.ts";
import { diskProbe } from "./disk.ts";
import { DREAM_SIGNALS, dreamFailingProbe } from "./dream_failing.ts";
import { gpuProbe } from "./gpu.ts";
import { loadProbe } from "./load.ts";
import { thisMachine, type Machine } from "./machine.ts";
import { memoryProbe } from "./memory.ts";
import type { Probe } from "./probe.ts";
import { recentSignals } from "./recent_signals.ts";
import { restOf } from "./rest.ts";
import { restartsProbe } from "./restarts.ts";
import { failedProbe } from "./services_failed.ts";
import { silentProbe } from "./services_silent.ts";
import { statusText } from "./status_text.ts";
import { swapProbe } from "./swap.ts";
import { TIMEOUT_SIGNALS, timeoutsProbe } from "./timeouts.ts";
import { askSystemd } from "./unit_restarts.ts";

/** What these checks need of their service's context. */
export type HealthContext = Pick<
  ServiceContext,
  "paths" | "mode" | "log" | "clock" | "root" | "bus" | "status"
> & {
  readonly manifest: { readonly name: string };
};

export interface HealthOptions {
  readonly config: HealthConfig;
  /** Whether promotions wait that no cycle has considered; undefined: it is not known now. */
  readonly promotionsWait: () => boolean | undefined;
  /** Default: this machine. */
  readonly machine?: Machine;
}

export function healthChecks(context: HealthContext, options: HealthOptions): readonly Check[] {
  const { intervalMs, clearMargin, quietMs } = options.config;
  const { clock, root } = context;
  const book = openBook(context);
  const shared = { book, clock, root, intervalMs, clearMargin, quietMs };
  let said = "";
  const say = (text: string): void => {
    if (text !== said) context.status(text);
    said = text;
  };
  return [...machineProbes(context, options), ...busProbes(context, options)].map((probe) => {
    const check = alertCheck(probe, shared);
    const run: Check["run"] = async (look) => {
      const findings = await check.run(look);
      say(statusText(book.all()));
      return findings;
    };
    return { ...check, run };
  });
}

function openBook({ paths, mode, log }: HealthContext): SharedBook {
  const path = join(paths.state, "orchestrator-monitor.alerts.json");
  const file = openMemory<Memories>(path, {
    durable: mode === "act",
    key: "alerts",
    read: readMemories,
    damaged: (keptAs) =>
      log.warn({ keptAs }, "the memory of alerts was damaged; what is wrong now is told again"),
  });
  return createAlertBook(file, (error) =>
    log.warn({ path, error }, "the alerts cannot be remembered; after a restart they may be told again"),
  );
}

function machineProbes({ paths }: HealthContext, options: HealthOptions): readonly Probe[] {
  const { config, machine = thisMachine } = options;
  return [
    memoryProbe(config, () => machine.memory()),
    swapProbe(config, () => machine.swap()),
    loadProbe(config, () => machine.load()),
    diskProbe(config, () => machine.disks([paths.home, paths.state, paths.source])),
    gpuProbe(config, () => machine.gpus()),
  ];
}

/** The probes of one interval look at the same time: for a moment, they share what the bus says. */
const SHARED_MS = 1000;

function busProbes(context: HealthContext, { config, promotionsWait }: HealthOptions): readonly Probe[] {
  const { bus, clock, paths, manifest } = context;
  const rest = restOf(paths);
  const books = createBusPass(bus, clock, Math.min(SHARED_MS, config.intervalMs / 2));
  return [
    deadLettersProbe(config, books),
    consumerLagProbe(config, books, rest),
    silentProbe(config, books, rest, clock),
    failedProbe(() => askHealth(paths, manifest.name)),
    restartsProbe({ config, books, units: askSystemd(process.env), clock }),
    busStalledProbe(config, (limits) => bus.ping(limits), clock),
    timeoutsProbe(config, recentSignals(bus, books, TIMEOUT_SIGNALS)),
    dreamFailingProbe(config, {
      recent: recentSignals(bus, books, DREAM_SIGNALS),
      promotionsWait,
      rest,
      clock,
    }),
  ];
}
