/**
 * The control groups of a sandbox: one directory in each mounted hierarchy, and in it `ns`, which the sandbox sees as its root.
 *
 * Named after the process that made them, so that those of a test that died are found and removed by the next one.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

export interface CgroupMount {
  readonly path: string;
  readonly type: "cgroup" | "cgroup2";
  /** Directory name of the hierarchy: `memory`, `systemd`, `unified`. */
  readonly name: string;
  /** What to mount again inside. */
  readonly options: string;
}

/** systemd takes the controllers that it finds; those that limit what a service takes are enough. */
const CONTROLLERS = new Set(["memory", "pids", "cpu", "cpuacct", "devices"]);
const PREFIX = "kloros-systemd-";

/** Pure v2: one mount at /sys/fs/cgroup. Hybrid: `unified`, `systemd` and a hierarchy per controller. */
export function cgroupMounts(
  mounts: string = readFileSync("/proc/self/mounts", "utf8"),
): readonly CgroupMount[] {
  return mounts.split("\n").flatMap((line): CgroupMount[] => {
    const [, path = "", type = "", options = ""] = line.split(" ");
    if (!path.startsWith("/sys/fs/cgroup")) return [];
    const name = basename(path);
    if (type === "cgroup2") return [{ path, type, name, options: "" }];
    if (type !== "cgroup") return [];
    if (options.split(",").includes("name=systemd"))
      return [{ path, type, name, options: "none,name=systemd" }];
    return CONTROLLERS.has(name) ? [{ path, type, name, options: name }] : [];
  });
}

export interface SandboxCgroups {
  readonly mounts: readonly CgroupMount[];
  /** What the sandbox sees as roots. */
  readonly roots: readonly string[];
  /** Takes a process of the host out of the sandbox's roots: systemd counts nobody there but itself. */
  moveOut(pid: number): void;
  /** Everything in them must have ended. */
  remove(): void;
}

export function makeCgroups(serial: number): SandboxCgroups {
  const mounts = cgroupMounts();
  sweep(mounts);
  const name = `${PREFIX}${String(process.pid)}-${String(serial)}`;
  const own = mounts.map(({ path }) => join(path, name));
  for (const directory of own) mkdirSync(join(directory, "ns"), { recursive: true });
  mounts.forEach((mount, index) => {
    if (mount.type === "cgroup2" && mount.name === "cgroup") delegate(mount.path, own[index] ?? "");
  });
  return {
    mounts,
    roots: own.map((directory) => join(directory, "ns")),
    moveOut: (pid) => {
      for (const { path } of mounts) writeFileSync(join(path, "cgroup.procs"), String(pid));
    },
    remove: () => {
      for (const directory of own) removeTree(directory);
    },
  };
}

/** On a pure v2 machine controllers must be handed down. */
function delegate(root: string, own: string): void {
  for (const directory of [root, own]) {
    try {
      writeFileSync(join(directory, "cgroup.subtree_control"), "+memory +pids +cpu");
    } catch {
      // Then the limits do not work inside, which the tests about them say.
    }
  }
}

/** Directories of test processes that are gone. */
function sweep(mounts: readonly CgroupMount[]): void {
  for (const { path } of mounts) {
    for (const name of readdirSync(path).filter((entry) => entry.startsWith(PREFIX))) {
      const [pid = ""] = name.slice(PREFIX.length).split("-");
      if (!existsSync(`/proc/${pid}`)) removeTree(join(path, name));
    }
  }
}

function removeTree(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  try {
    rmdirSync(directory);
  } catch {
    // Somebody of it still ends; the next sweep finds it.
  }
}
