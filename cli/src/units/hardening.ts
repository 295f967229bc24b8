/**
 * What a service may not do. Everything that it does not need is closed; where one needs more, its unit says why.
 *
 * Left out on purpose: `MemoryDenyWriteExecute` turns Bun's JIT off without a word and breaks its calls into C;
 * `SystemCallFilter=~@resources` makes libzmq abort the process when it starts a thread; without AF_NETLINK it aborts when it binds
 * a tcp port; `ProcSubset=pid` hides /proc/meminfo and /proc/loadavg, which Bun and the monitor read.
 */
import type { Installation } from "@kloros/daemon";
import type { InstallLayout } from "./layout.ts";
import type { ServiceNeeds } from "./service_needs.ts";
import { liesInHome, protectedDirectories, writableDirectories } from "./unit_paths.ts";
import { safePath, type Line } from "./unit_text.ts";

/** These work without privileges: they stand in the units of a user's own services too. */
const EVERYWHERE: readonly Line[] = [
  ["NoNewPrivileges", "yes"],
  ["LockPersonality", "yes"],
  ["RestrictRealtime", "yes"],
  ["RestrictSUIDSGID", "yes"],
  ["SystemCallArchitectures", "native"],
  ["SystemCallErrorNumber", "EPERM"],
  ["UMask", "0077"],
];

const SYSTEM: readonly Line[] = [
  ["CapabilityBoundingSet", ""],
  ["AmbientCapabilities", ""],
  ["PrivateTmp", "yes"],
  ["PrivateMounts", "yes"],
  ["ProtectSystem", "strict"],
  ["ProtectKernelTunables", "yes"],
  ["ProtectKernelModules", "yes"],
  ["ProtectKernelLogs", "yes"],
  ["ProtectControlGroups", "yes"],
  ["ProtectClock", "yes"],
  ["ProtectHostname", "yes"],
  ["RemoveIPC", "yes"],
];

export interface HardeningOptions {
  readonly layout: InstallLayout;
  readonly paths: Installation;
  readonly writes: readonly (keyof Installation)[];
  readonly needs: ServiceNeeds;
}

export function hardening({ layout, paths, writes, needs }: HardeningOptions): readonly Line[] {
  const shared = [...EVERYWHERE, ...systemCalls(needs), ...addresses(needs)];
  // What remains takes mounts or namespaces, which a user's own manager has no right to everywhere.
  if (layout.mode === "user") return shared;
  return [
    ...SYSTEM,
    ...homeDirectories(paths),
    ...processes(needs),
    ...shared,
    ...devices(needs),
    ...(needs.network === undefined ? [["PrivateNetwork", "yes"] as const] : []),
    ...pathList("ReadWritePaths", writableDirectories(paths, writes)),
    ...pathList("ReadOnlyPaths", protectedDirectories(paths, writes)),
  ];
}

function systemCalls({ foreignPrograms }: ServiceNeeds): readonly Line[] {
  const filter: readonly Line[] = [
    ["SystemCallFilter", "@system-service"],
    ["SystemCallFilter", "~@privileged"],
  ];
  const namespaces: Line = ["RestrictNamespaces", "yes"];
  return foreignPrograms === undefined
    ? [...filter, namespaces]
    : [`Starts programs of others: ${foreignPrograms}.`, ...filter, namespaces];
}

function addresses({ network }: ServiceNeeds): readonly Line[] {
  if (network === undefined) {
    return [["RestrictAddressFamilies", "AF_UNIX"]];
  }
  return [
    `The network stays open: ${network}.`,
    ["RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"],
  ];
}

function devices({ devices: why }: ServiceNeeds): readonly Line[] {
  if (why === undefined) return [["PrivateDevices", "yes"]];
  return [
    `Devices of GPUs stay visible: ${why}.`,
    ["DevicePolicy", "closed"],
    ["DeviceAllow", "char-nvidia* rw"],
    ["DeviceAllow", "char-drm rw"],
  ];
}

/** To look into another process takes the same user namespace; to see that it is there does not. */
function processes({ processes: look }: ServiceNeeds): readonly Line[] {
  const why: readonly Line[] = look === undefined ? [] : [`Other processes stay visible: ${look.why}.`];
  return [
    ...why,
    ["ProtectProc", look === undefined ? "invisible" : "default"],
    ["PrivateUsers", look?.how === "inspects" ? "no" : "yes"],
  ];
}

/** An installation below /home must be seen there; what of it may be written is named one by one. */
function homeDirectories(paths: Installation): readonly Line[] {
  const inHome = [paths.home, paths.source, paths.environmentFile].some(liesInHome);
  return [["ProtectHome", inHome ? "read-only" : "yes"]];
}

function pathList(key: string, list: readonly string[]): readonly Line[] {
  return list.map((path): Line => [key, safePath(path)]);
}
