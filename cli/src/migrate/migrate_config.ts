/** Section `[migrate]` of kloros.toml: how the old side is switched off and on, and how one sees which it is. */
import { type Static, Type } from "@sinclair/typebox";
import type { Share } from "./phases.ts";

const UNIT = "kloros-orchestrator";

const PROBE = `case "$(systemctl is-active ${UNIT}.timer)" in
  active|activating|reloading) echo on ;;
  inactive|failed)
    if test -n "$(systemctl list-jobs --no-legend ${UNIT}.service)"; then echo running; else
      case "$(systemctl is-active ${UNIT}.service)" in
        inactive|failed) echo off ;;
        active|activating|deactivating|reloading) echo running ;;
      esac
    fi ;;
esac`;

/** Lines for /bin/sh. */
function commands(what: string, lines: readonly string[]) {
  return Type.Array(Type.String({ minLength: 1, maxLength: 8192 }), {
    default: [...lines],
    maxItems: 20,
    description: `Lines for /bin/sh that ${what}. Running them again must do no harm.`,
  });
}

function probe(what: string, line: string) {
  return Type.String({
    default: line,
    maxLength: 8192,
    description: `A line for /bin/sh whose last word says whether ${what}: "on", "off", or "running": switched off, but its last run has not ended.`,
  });
}

export const MigrateConfig = Type.Object({
  commandTimeoutMs: Type.Integer({
    default: 60_000,
    minimum: 100,
    maximum: 3_600_000,
    description: "How long one command of the old side may take.",
  }),
  restTimeoutMs: Type.Integer({
    default: 2_100_000,
    minimum: 100,
    maximum: 86_400_000,
    description:
      "How long the last run of the old side is waited for, and the work that ours took up. A D-REAM cycle may take 30 minutes.",
  }),
  everything: Type.Object(
    {
      disable: commands("switch the whole old side off", [`systemctl disable --now ${UNIT}.timer`]),
      enable: commands("switch the whole old side on", [`systemctl enable --now ${UNIT}.timer`]),
      probe: probe("the old side works", PROBE),
    },
    { default: {} },
  ),
  intents: Type.Object(
    {
      disable: commands(
        "make the old side leave intents and modules alone and go on with the rest; none: it can only be switched off as a whole",
        [],
      ),
      enable: commands("make the old side take up intents and modules again", []),
      probe: probe("the old side takes up intents and modules", ""),
    },
    { default: {} },
  ),
  files: Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), {
    default: [
      `/etc/systemd/system/${UNIT}.service`,
      `/etc/systemd/system/${UNIT}.timer`,
      `/etc/systemd/system/${UNIT}.service.d`,
      "kloros/orchestration/run_once.py",
      "kloros/orchestration/coordinator.py",
    ],
    maxItems: 100,
    description:
      "What the clean-up moves to the backup: absolute, or below the source root. What is not there is left out.",
  }),
});

export type MigrateSettings = Static<typeof MigrateConfig>;

export function shareCommands(settings: MigrateSettings, share: Share): MigrateSettings["everything"] {
  return settings[share];
}

/** Undefined, or what does not fit together. */
export function problemOf({ intents }: MigrateSettings): string | undefined {
  const given = [intents.disable.length > 0, intents.enable.length > 0, intents.probe.trim() !== ""];
  if (new Set(given).size === 1) return undefined;
  return "[migrate.intents] needs disable, enable and probe, all three or none: what was switched off must be seen to be off, and be switched on again";
}
