/**
 * A machine with a systemd of its own, for tests: booted in a second, thrown away afterwards.
 *
 * It cannot outlive its test: the kernel kills its first process when the test's process ends (--kill-child, PDEATHSIG), and
 * with that everything in it. What a killed test leaves on disk and in the cgroup tree is removed by the next boot.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bind, enterScript, machineScript, PATH } from "./boot_script.ts";
import { makeCgroups, type SandboxCgroups } from "./cgroups.ts";
import { type SeedFile, writeSeed } from "./seed.ts";

export interface BootOptions {
  /** Directories and files of the host that it sees, and where. */
  readonly binds?: readonly Bind[];
  /** Files that are there before it boots. */
  readonly files?: readonly SeedFile[];
}

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

export interface RunOptions {
  /** Default 60 s. */
  readonly limitMs?: number;
  readonly input?: string;
}

const BOOT_MS_MAX = 60_000;
const OFF_MS_MAX = 60_000;
const RUN_MS_MAX = 60_000;
const LOOK_MS = 20;
const PREFIX = "kloros-systemd-";

let serial = 0;

export class Sandbox {
  /** Its first process, as the host counts. */
  readonly pid: number;
  readonly #outer: Bun.Subprocess;
  readonly #work: string;
  readonly #cgroups: SandboxCgroups;

  private constructor(pid: number, outer: Bun.Subprocess, work: string, cgroups: SandboxCgroups) {
    this.pid = pid;
    this.#outer = outer;
    this.#work = work;
    this.#cgroups = cgroups;
  }

  /** Resolves when everything that is enabled was started. */
  static async boot({ binds = [], files = [] }: BootOptions = {}): Promise<Sandbox> {
    sweepWork();
    serial += 1;
    const work = mkdtempSync(join(tmpdir(), `${PREFIX}${String(process.pid)}-`));
    const cgroups = makeCgroups(serial);
    mkdirSync(join(work, "seed"));
    writeSeed(join(work, "seed"), files);
    writeFileSync(join(work, "enter.sh"), enterScript(work, cgroups.roots));
    writeFileSync(join(work, "machine.sh"), machineScript({ work, cgroups: cgroups.mounts, binds }));
    const log = Bun.file(join(work, "boot.log"));
    const outer = Bun.spawn(["setpriv", "--pdeathsig", "KILL", "sh", join(work, "enter.sh")], {
      stdio: ["ignore", log, log],
      env: { PATH },
    });
    try {
      const pid = await firstProcess(outer);
      cgroups.moveOut(outer.pid);
      const sandbox = new Sandbox(pid, outer, work, cgroups);
      await sandbox.#booted();
      return sandbox;
    } catch (error) {
      outer.kill("SIGKILL");
      await outer.exited;
      const said = existsSync(join(work, "boot.log")) ? readFileSync(join(work, "boot.log"), "utf8") : "";
      cgroups.remove();
      rmSync(work, { recursive: true, force: true });
      throw new Error(`the sandbox did not boot: ${String(error)}\n${said}`, { cause: error });
    }
  }

  get running(): boolean {
    return this.#outer.exitCode === null && this.#outer.signalCode === null;
  }

  /** Runs a command inside, as root. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const child = Bun.spawn([...this.#enter(), ...command], {
      stdio: [options.input === undefined ? "ignore" : Buffer.from(options.input), "pipe", "pipe"],
      timeout: options.limitMs ?? RUN_MS_MAX,
      killSignal: "SIGKILL",
    });
    const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { code, out, error };
  }

  /** Its standard output; throws when it does not end with 0. */
  async must(command: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, out, error } = await this.run(command, options);
    if (code === 0) return out;
    throw new Error(`${command.join(" ")} ended with ${String(code)}:\n${out}${error}`);
  }

  async systemctl(...args: string[]): Promise<string> {
    return this.must(["systemctl", ...args]);
  }

  /** Messages of the journal, what was said just now included; empty when there are none. */
  async journal(...filter: readonly string[]): Promise<string> {
    await this.must(["journalctl", "--sync"]);
    return (await this.run(["journalctl", "-o", "cat", ...filter])).out;
  }

  /** Where the host finds a file of it. */
  pathOf(path: string): string {
    return `/proc/${String(this.pid)}/root${path}`;
  }

  /** Stops all services in order, as a machine that is shut down. */
  async powerOff(): Promise<void> {
    await this.run(["systemctl", "poweroff", "--no-block"]);
    const off = await Promise.race([
      this.#outer.exited.then(() => true),
      Bun.sleep(OFF_MS_MAX).then(() => false),
    ]);
    const jobs = off ? "" : (await this.run(["systemctl", "list-jobs"])).out;
    await this.remove();
    if (!off) throw new Error(`the sandbox did not end within ${String(OFF_MS_MAX)} ms:\n${jobs}`);
  }

  /** As a machine that loses its power. */
  async remove(): Promise<void> {
    this.#outer.kill("SIGKILL");
    await this.#outer.exited;
    const gone = performance.now() + OFF_MS_MAX;
    while (existsSync(`/proc/${String(this.pid)}`) && performance.now() < gone) await Bun.sleep(LOOK_MS);
    this.#cgroups.remove();
    rmSync(this.#work, { recursive: true, force: true });
  }

  #enter(): readonly string[] {
    const namespaces = ["-m", "-u", "-i", "-p", "-C", "-n"];
    const env = [`PATH=${PATH}`, "HOME=/root", "LANG=C.UTF-8", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"];
    // nsenter starts a child in the pid namespace, which must not outlive it.
    const leash = ["setpriv", "--pdeathsig", "KILL"];
    return ["nsenter", "-t", String(this.pid), ...namespaces, "--", ...leash, "env", "-i", ...env];
  }

  async #booted(): Promise<void> {
    const limit = performance.now() + BOOT_MS_MAX;
    let state = "";
    while (performance.now() < limit) {
      if (!this.running) throw new Error("systemd ended while it was booting");
      state = (await this.run(["systemctl", "is-system-running"])).out.trim();
      if (state === "running" || state === "degraded") return;
      await Bun.sleep(LOOK_MS);
    }
    const jobs = await this.run(["systemctl", "list-jobs"]);
    throw new Error(`it is still ${state || "silent"} after ${String(BOOT_MS_MAX)} ms:\n${jobs.out}`);
  }
}

/** The child that `unshare` made. */
async function firstProcess(outer: Bun.Subprocess): Promise<number> {
  const limit = performance.now() + BOOT_MS_MAX;
  while (outer.exitCode === null && outer.signalCode === null && performance.now() < limit) {
    const child = childOf(outer.pid);
    // Before it is systemd, it is the script that puts the machine together.
    if (child !== undefined && programOf(child).endsWith("/systemd")) return child;
    await Bun.sleep(LOOK_MS);
  }
  throw new Error("the machine could not be put together");
}

function childOf(pid: number): number | undefined {
  try {
    const [first] = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, "utf8")
      .trim()
      .split(" ");
    return first === undefined || first === "" ? undefined : Number(first);
  } catch {
    return undefined;
  }
}

function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${String(pid)}/exe`);
  } catch {
    return "";
  }
}

/** What test processes that are gone have left. Nothing is mounted there: the mounts went with their namespace. */
function sweepWork(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const [pid = ""] = name.slice(PREFIX.length).split("-");
    if (!existsSync(`/proc/${pid}`)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}
