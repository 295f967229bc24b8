/**
 * SIGHUP: what of a new configuration takes effect at once, and what waits for a restart.
 *
 * At once: the log's level and rate, the grace of a drain, how long the bus may be away. The rules of the policy engine need no
 * signal, they are followed. Everything else is named, so that nobody believes a change that has not happened.
 * A configuration with errors changes nothing.
 */
import type { TObject } from "@sinclair/typebox";
import type { EffectiveSetting, LoadedConfig } from "../config/load_config.ts";
import { COMMON_SECTION } from "../config/field.ts";
import type { CommonSettings } from "../config/kloros_section.ts";
import type { KitLogger } from "../log/create_log.ts";
import { messageOf } from "../message_of.ts";
import type { Tuning } from "../running/start_service.ts";

const AT_ONCE: ReadonlySet<string> = new Set<keyof CommonSettings>([
  "logLevel",
  "logSignalLinesMax",
  "drainGraceMs",
  "busAwayMaxMs",
]);

export interface ReloadTargets {
  readonly log: KitLogger;
  readonly tune: (settings: Tuning) => void;
  /** Reads all sources anew; throws what a start would. */
  readonly load: () => LoadedConfig<TObject>;
}

/** What is in force now: kept by whoever reloads. */
export interface InForce {
  readonly common: CommonSettings;
  readonly effective: readonly EffectiveSetting[];
}

/** Never throws; returns what is in force afterwards. */
export function reload(before: InForce, { log, tune, load }: ReloadTargets): InForce {
  let loaded: LoadedConfig<TObject>;
  try {
    loaded = load();
  } catch (error) {
    log.error({ error }, `the configuration stays as it was: ${messageOf(error)}`);
    return before;
  }
  const changed = changedSettings(before.effective, loaded.effective);
  const waiting = changed.filter((name) => !AT_ONCE.has(name.replace(`${COMMON_SECTION}.`, "")));
  const { logLevel, logSignalLinesMax, drainGraceMs, busAwayMaxMs } = loaded.common;
  log.setLevel(logLevel);
  tune({ logSignalLinesMax, busAwayMaxMs });
  log.info({ changed: changed.filter((name) => !waiting.includes(name)) }, "read the configuration again");
  if (waiting.length > 0) {
    log.warn({ waiting }, "these settings changed and take effect with the next start");
  }
  return {
    common: { ...before.common, logLevel, logSignalLinesMax, drainGraceMs, busAwayMaxMs },
    // What waits is told again until it is in force.
    effective: before.effective.map((one) =>
      waiting.includes(nameOf(one))
        ? one
        : (loaded.effective.find((other) => nameOf(other) === nameOf(one)) ?? one),
    ),
  };
}

function changedSettings(
  before: readonly EffectiveSetting[],
  after: readonly EffectiveSetting[],
): readonly string[] {
  const old = new Map(before.map((one) => [nameOf(one), JSON.stringify(one.value)]));
  return after.filter((one) => old.get(nameOf(one)) !== JSON.stringify(one.value)).map(nameOf);
}

function nameOf({ section, field }: EffectiveSetting): string {
  return `${section}.${field.key}`;
}
