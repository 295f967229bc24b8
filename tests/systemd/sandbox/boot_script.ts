/**
 * How the machine of a sandbox is put together, as a shell script: it runs as the first process of its own pid, mount, cgroup,
 * uts, ipc and network namespaces, and ends as systemd.
 *
 * Invariant: nothing of the host's kernel or disk can be changed from inside but the directories that were bound writable. The
 * host's root is the lower layer of an overlay whose upper layer is memory.
 */
import { dirname } from "node:path";
import type { CgroupMount } from "./cgroups.ts";
import { SYSTEMD } from "./possible.ts";

export interface Bind {
  /** On the host. */
  readonly from: string;
  /** Inside. */
  readonly to: string;
  readonly readOnly?: boolean;
}

export interface MachinePlan {
  /** Of the sandbox on the host: holds `seed`, files that are laid over the host's. */
  readonly work: string;
  readonly cgroups: readonly CgroupMount[];
  readonly binds: readonly Bind[];
}

/** The first half, in the host's namespaces: into its control groups, then into its own namespaces. */
export function enterScript(work: string, roots: readonly string[]): string {
  const joins = roots.map((root) => `echo $$ >${quote(`${root}/cgroup.procs`)}`);
  const unshare =
    "unshare --fork --kill-child=SIGKILL --pid --mount --cgroup --uts --ipc --net --propagation private";
  return ["set -eu", ...joins, `exec ${unshare} sh ${quote(`${work}/machine.sh`)}`, ""].join("\n");
}

const NODES = ["null", "zero", "full", "random", "urandom", "tty"];
/** What this machine has there is not part of the sandbox's: its enabled units, its timers' stamps, its users' units. */
const HIDDEN = ["/etc/systemd/system", "/etc/systemd/user", "/var/lib/systemd", "/var/log/journal"];

export function machineScript({ work, cgroups, binds }: MachinePlan): string {
  const root = `${work}/root`;
  const layer = `${work}/layer`;
  const at = (path: string): string => quote(`${root}${path}`);
  const hidden = HIDDEN.flatMap((path) => [
    `mkdir -p ${at(path)}`,
    `mount -t tmpfs -o mode=755 hidden ${at(path)}`,
    `[ ! -d ${quote(`${work}/seed${path}`)} ] || cp -a ${quote(`${work}/seed${path}`)}/. ${at(path)}/`,
  ]);
  return [
    "set -eu",
    `mkdir -p ${quote(layer)} ${quote(root)}`,
    `mount -t tmpfs -o mode=755 layer ${quote(layer)}`,
    `mkdir ${quote(`${layer}/upper`)} ${quote(`${layer}/work`)}`,
    `cp -a ${quote(`${work}/seed`)}/. ${quote(`${layer}/upper`)}/`,
    `mount -t overlay -o lowerdir=/,upperdir=${layer}/upper,workdir=${layer}/work overlay ${quote(root)}`,
    ...kernelFiles(at),
    ...cgroupFiles(at, cgroups),
    ...devices(at),
    `mount -t tmpfs -o mode=755,nosuid,nodev run ${at("/run")}`,
    ...["/tmp", "/var/tmp"].map((path) => `mount -t tmpfs -o mode=1777 tmp ${at(path)}`),
    ...hidden,
    `tr -d - </proc/sys/kernel/random/uuid >${at("/etc/machine-id")}`,
    `systemd-sysusers --root=${quote(root)} >/dev/null 2>&1 || true`,
    ...binds.flatMap((bind) => bindOne(bind, at)),
    `cd ${quote(root)}`,
    "pivot_root . .",
    "umount -l .",
    "hostname kloros-test",
    `exec env -i container=kloros-test PATH=${PATH} LANG=C.UTF-8 ${SYSTEMD} --show-status=no --unit=multi-user.target`,
    "",
  ].join("\n");
}

export const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

type At = (path: string) => string;

function kernelFiles(at: At): readonly string[] {
  const readOnly = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"];
  return [
    `mount -t proc proc ${at("/proc")}`,
    ...readOnly.map(
      (path) =>
        `[ ! -e ${path} ] || { mount --bind ${at(path)} ${at(path)}; mount -o remount,bind,ro ${at(path)}; }`,
    ),
    `mount -t sysfs -o ro,nosuid,nodev,noexec sysfs ${at("/sys")}`,
  ];
}

function cgroupFiles(at: At, mounts: readonly CgroupMount[]): readonly string[] {
  const [only] = mounts;
  if (mounts.length === 1 && only?.type === "cgroup2")
    return [`mount -t cgroup2 cgroup2 ${at("/sys/fs/cgroup")}`];
  return [
    `mount -t tmpfs -o mode=755 cgroup ${at("/sys/fs/cgroup")}`,
    ...mounts.flatMap(({ type, name, options }) => {
      const path = at(`/sys/fs/cgroup/${name}`);
      return [`mkdir ${path}`, `mount -t ${type} ${options === "" ? "" : `-o ${options} `}cgroup ${path}`];
    }),
  ];
}

function devices(at: At): readonly string[] {
  return [
    `mount -t tmpfs -o mode=755,nosuid dev ${at("/dev")}`,
    ...NODES.map((name) => `touch ${at(`/dev/${name}`)}; mount --bind /dev/${name} ${at(`/dev/${name}`)}`),
    `mkdir ${at("/dev/pts")} ${at("/dev/shm")} ${at("/dev/mqueue")}`,
    `mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts ${at("/dev/pts")}`,
    `ln -s pts/ptmx ${at("/dev/ptmx")}`,
    `mount -t tmpfs -o mode=1777 shm ${at("/dev/shm")}`,
    `ln -s /proc/self/fd ${at("/dev/fd")}`,
    ...["stdin", "stdout", "stderr"].map(
      (name, fd) => `ln -s /proc/self/fd/${String(fd)} ${at(`/dev/${name}`)}`,
    ),
  ];
}

function bindOne({ from, to, readOnly }: Bind, at: At): readonly string[] {
  return [
    `mkdir -p ${at(dirname(to))}`,
    `if [ -d ${quote(from)} ]; then mkdir -p ${at(to)}; else touch ${at(to)}; fi`,
    `mount --bind ${quote(from)} ${at(to)}`,
    ...(readOnly === true ? [`mount -o remount,bind,ro ${at(to)}`] : []),
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
