/** The unit of one service. */
import { join, relative } from "node:path";
import type { Installation } from "@kloros/daemon";
import type { ServiceName } from "../multicall/service_names.ts";
import { hardening } from "./hardening.ts";
import type { InstallLayout } from "./layout.ts";
import type { UnitManifest } from "./manifests.ts";
import { SERVICE_NEEDS, type ServiceNeeds } from "./service_needs.ts";
import { isInside } from "./unit_paths.ts";
import { safePath, section, unitText, type Line } from "./unit_text.ts";

export const TARGET = "kloros.target";

export function unitName(service: ServiceName): string {
  return `kloros-${service}.service`;
}

const BUS = "chemical-bus";

export function serviceUnit(
  name: ServiceName,
  manifest: UnitManifest,
  layout: InstallLayout,
  paths: Installation,
): string {
  const needs = SERVICE_NEEDS[name];
  const { writes } = manifest;
  return unitText(`services/${name}/src/manifest.ts and cli/src/units`, [
    section("Unit", about(name, manifest, layout)),
    section("Service", [
      ...running(name, layout),
      ...places(layout, writes),
      ...limits(name, needs, layout),
      ...hardening({ layout, paths, writes, needs }),
    ]),
    section("Install", [["WantedBy", TARGET]]),
  ]);
}

function about(name: ServiceName, { purpose }: UnitManifest, { mode, home }: InstallLayout): readonly Line[] {
  const mounts: readonly Line[] = mode === "system" ? [["RequiresMountsFor", safePath(home)]] : [];
  return [
    purpose,
    ["Description", `KLoROS ${name}`],
    ["Documentation", "man:systemd.service(5)"],
    ["PartOf", TARGET],
    ...mounts,
    ...(name === BUS
      ? []
      : [
          "Order only: when the bus is started again nobody else has to be.",
          ["After", unitName(BUS)] as const,
        ]),
    "A crash loop is told by the monitor, and never ends in a service that stays down (docs/adr/0011).",
    ["StartLimitIntervalSec", "0"],
  ];
}

/**
 * Stopping: the drain takes at most 20 s with the standard grace (docs/reference/lifecycle.md); whoever has a longer one asks for
 * more time. A hung service cannot drain, so the watchdog kills at once: an abort would only add a core dump of its 100 MB.
 */
function running(name: ServiceName, { mode, programs, user, group }: InstallLayout): readonly Line[] {
  const who: readonly Line[] =
    mode === "system"
      ? [
          ["User", user ?? "kloros"],
          ["Group", group ?? user ?? "kloros"],
        ]
      : [];
  return [
    ["Type", "notify"],
    ["NotifyAccess", "main"],
    ["ExecStart", safePath(join(programs, name))],
    ["ExecReload", "/bin/kill -HUP $MAINPID"],
    ...who,
    ["Restart", "always"],
    ["RestartSec", "5s"],
    ["WatchdogSec", "30s"],
    ["WatchdogSignal", "SIGKILL"],
    ...startTime(name),
    ["TimeoutStopSec", "30s"],
    "The service ends what it started in its own order; what is left after it is killed.",
    ["KillMode", "mixed"],
    ["SyslogIdentifier", `kloros-${name}`],
  ];
}

/** The watchdog begins with READY, and whoever waits for the bus asks for more time. A migration cannot ask while it is at work. */
function startTime(name: ServiceName): readonly Line[] {
  if (name !== BUS) return [["TimeoutStartSec", "60s"]];
  return ["A new version may have to bring a large journal into another form.", ["TimeoutStartSec", "15min"]];
}

/** What the units say goes before /etc/kloros/kloros.toml: their sandbox allows these places and no others. */
function places(layout: InstallLayout, writes: UnitManifest["writes"]): readonly Line[] {
  const { mode, home, source, state, runtime, logs } = layout;
  const named: readonly Line[] = [
    ["Environment", `KLOROS_HOME=${safePath(home)}`],
    ["Environment", `KLOROS_SOURCE=${safePath(source)}`],
    ["Environment", `KLOROS_STATE=${safePath(state)}`],
    ["Environment", `KLOROS_LOGS=${safePath(logs)}`],
    ["WorkingDirectory", `-${safePath(home)}`],
    ["RuntimeDirectory", mode === "user" ? "kloros" : below("/run", runtime)],
    ["RuntimeDirectoryMode", "0700"],
    "Shared by all services: the first one that stops must not take it from the others.",
    ["RuntimeDirectoryPreserve", "yes"],
  ];
  if (mode === "user") return named;
  const writesState = writes.some((key) => key === "state" || key === "journal" || key === "decisionLog");
  return [
    ...named,
    ...(writesState
      ? ([
          ["StateDirectory", below("/var/lib", state)],
          ["StateDirectoryMode", "0700"],
        ] as const)
      : []),
    ...(writes.includes("logs")
      ? ([
          ["LogsDirectory", below("/var/log", logs)],
          ["LogsDirectoryMode", "0750"],
        ] as const)
      : []),
  ];
}

/** systemd makes these directories itself, and only below its own roots. */
function below(root: string, path: string): string {
  if (isInside(path, root)) return relative(root, safePath(path));
  throw new Error(`the directory ${path} must lie below ${root} in a system-wide installation`);
}

function limits(
  name: ServiceName,
  { memoryMiB, tasks, files }: ServiceNeeds,
  { mode }: InstallLayout,
): readonly Line[] {
  const memory: Line =
    memoryMiB === undefined
      ? "MemoryMax= is left to the operator: what a cycle may take is set per experiment."
      : ["MemoryMax", `${String(memoryMiB)}M`];
  const oom: readonly Line[] =
    memoryMiB === undefined
      ? [
          "A process of a cycle that is out of memory ends that candidate, not the service.",
          ["OOMPolicy", "continue"],
        ]
      : [];
  const last: readonly Line[] =
    name === BUS && mode === "system"
      ? ["When memory runs out, the bus is to be the last.", ["OOMScoreAdjust", "-500"]]
      : [];
  return [
    memory,
    ...oom,
    ...last,
    ["TasksMax", String(tasks)],
    ["LimitNOFILE", String(files)],
    ["LimitCORE", "0"],
  ];
}
