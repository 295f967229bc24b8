/**
 * Whether a systemd of our own can be booted here. Where it cannot, its tests are skipped and say why; with
 * KLOROS_REQUIRE_SYSTEMD=1 (set by .ci/run) or CI that is a failure: these tests are never silently green.
 */
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { cgroupMounts } from "./cgroups.ts";

export const SYSTEMD = "/lib/systemd/systemd";
const PROGRAMS = ["unshare", "nsenter", "setpriv", "mount", "pivot_root", "systemctl", "dbus-daemon"];

/** Undefined: it can. */
export function whyImpossible(): string | undefined {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid?.() !== 0) return "this is not root";
  if (!existsSync(SYSTEMD)) return `there is no ${SYSTEMD} (Debian: apt-get install systemd)`;
  const missing = PROGRAMS.filter((name) => Bun.which(name) === null);
  if (missing.length > 0)
    return `missing programs: ${missing.join(", ")} (Debian: util-linux, systemd, dbus)`;
  return whyNoCgroups() ?? whyNoNamespaces();
}

/** Throws where a systemd is demanded and impossible; returns whether to skip. */
export function mustSkip(
  env: Readonly<Record<string, string | undefined>> = process.env,
  look: () => string | undefined = whyImpossible,
): boolean {
  const why = look();
  if (why === undefined) return false;
  const demanded = [env["KLOROS_REQUIRE_SYSTEMD"], env["CI"]].some(
    (value) => value !== undefined && value !== "" && value !== "0" && value !== "false",
  );
  if (demanded) throw new Error(`a systemd must be booted here for the tests, but ${why}`);
  console.error(`SKIPPED: the tests under systemd: ${why}`);
  return true;
}

function whyNoCgroups(): string | undefined {
  const mounts = cgroupMounts();
  if (!mounts.some(({ type, name }) => type === "cgroup2" || name === "systemd"))
    return "no cgroup2 is mounted";
  for (const { path } of mounts) {
    const probe = join(path, `kloros-probe-${String(process.pid)}`);
    try {
      mkdirSync(probe);
      rmdirSync(probe);
    } catch (error) {
      return `no cgroup can be made in ${path}: ${String(error)}`;
    }
  }
  return undefined;
}

function whyNoNamespaces(): string | undefined {
  const script = [
    "mount -t tmpfs trial /tmp",
    "mkdir /tmp/upper /tmp/work /tmp/root",
    "mount -t overlay -o lowerdir=/,upperdir=/tmp/upper,workdir=/tmp/work trial /tmp/root",
    "mount -t proc proc /tmp/root/proc",
  ].join(" && ");
  const tried = Bun.spawnSync(
    ["unshare", "--fork", "--pid", "--mount", "--cgroup", "--uts", "--ipc", "--net", "sh", "-c", script],
    { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  );
  return tried.exitCode === 0 ? undefined : `no namespaces of one's own: ${tried.stderr.toString().trim()}`;
}
