/**
 * `systemctl`, of the machine or of a user's own manager: typed, bounded in time, and with errors that say what to do.
 * It runs the program rather than speaks D-Bus: what is done here an operator can type.
 */
import { existsSync } from "node:fs";
import { Failure } from "./exit_codes.ts";

type SystemctlMode = "system" | "user";

export interface SystemctlOptions {
  readonly mode: SystemctlMode;
  /** Of the caller: PATH, and where a user's manager is. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long one call may take, ms. Starting a unit waits until it is ready. */
  readonly timeoutMs?: number;
}

/** As `systemctl` says it; empty where it says nothing. */
export type UnitProperties<Name extends string> = Readonly<Record<Name, string>>;

/** Starting one of our services may take its TimeoutStartSec, and stopping one its drain. */
const TIMEOUT_MS = 120_000;

export class Systemctl {
  readonly mode: SystemctlMode;
  readonly #env: SystemctlOptions["env"];
  readonly #timeoutMs: number;

  constructor({ mode, env, timeoutMs = TIMEOUT_MS }: SystemctlOptions) {
    this.mode = mode;
    this.#env = environmentFor(mode, env);
    this.#timeoutMs = timeoutMs;
  }

  /** What it printed. Throws `Failure` with what it complained about. */
  async run(verb: string, ...args: readonly string[]): Promise<string> {
    const { code, out, error } = await this.#call([verb, ...args]);
    if (code !== 0) throw refusal(this.mode, [verb, ...args], error === "" ? out : error);
    return out;
  }

  async show<Name extends string>(unit: string, names: readonly Name[]): Promise<UnitProperties<Name>> {
    const text = await this.run("show", unit, ...names.map((name) => `--property=${name}`));
    const said = new Map(text.split("\n").map(splitProperty));
    return Object.fromEntries(names.map((name) => [name, said.get(name) ?? ""])) as UnitProperties<Name>;
  }

  /** Ready, as far as systemd knows: not while it is starting. */
  async isActive(unit: string): Promise<boolean> {
    return (await this.show(unit, ["ActiveState"])).ActiveState === "active";
  }

  /** `enabled`, `disabled`, `static`, `masked`, …; `not-found` for a unit that is not there. */
  async isEnabled(unit: string): Promise<string> {
    // It exits with 1 for every answer that is not "enabled".
    const { out, error } = await this.#call(["is-enabled", unit]);
    const [answer = ""] = out.trim().split("\n");
    if (answer !== "") return answer;
    if (/No such file or directory|does not exist|not found/i.test(error)) return "not-found";
    throw refusal(this.mode, ["is-enabled", unit], error);
  }

  async daemonReload(): Promise<void> {
    await this.run("daemon-reload");
  }

  /** Why there is no manager to talk to; undefined: there is one. */
  async missing(): Promise<string | undefined> {
    // Whether it is well ("running", "degraded") is not the question.
    try {
      const { out, error } = await this.#call(["is-system-running"]);
      return /^(offline|unknown)?$/.test(out.trim()) ? reason(error === "" ? out : error) : undefined;
    } catch (error) {
      if (error instanceof Failure) return error.message;
      throw error;
    }
  }

  async #call(args: readonly string[]): Promise<{ code: number; out: string; error: string }> {
    const command = ["systemctl", ...(this.mode === "user" ? ["--user"] : []), "--no-pager", ...args];
    const child = spawn(command, this.#env, this.#timeoutMs);
    const [out, error, code] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited.catch(() => -1),
    ]);
    if (child.signalCode === "SIGKILL")
      throw new Failure(
        "negative",
        `\`${command.join(" ")}\` did not end within ${this.#timeoutMs / 1000} s`,
      );
    return { code, out, error: error.trim() };
  }
}

function spawn(command: string[], env: SystemctlOptions["env"], timeoutMs: number) {
  try {
    return Bun.spawn(command, {
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
  } catch (error) {
    throw new Failure(
      "negative",
      `\`${command.join(" ")}\` cannot be run: there is no systemctl in PATH; this needs a machine with systemd`,
      { cause: error },
    );
  }
}

/** Shells that came by `sudo` or `su` do not know where their user's manager is, although it runs. */
function environmentFor(mode: SystemctlMode, env: SystemctlOptions["env"]): SystemctlOptions["env"] {
  const usual = `/run/user/${process.getuid?.() ?? 0}`;
  const add = mode === "user" && (env["XDG_RUNTIME_DIR"] ?? "") === "" && existsSync(usual);
  // Its answers are read by this program.
  return { ...env, ...(add ? { XDG_RUNTIME_DIR: usual } : {}), LC_ALL: "C.UTF-8" };
}

function splitProperty(line: string): readonly [string, string] {
  const at = line.indexOf("=");
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
}

function refusal(mode: SystemctlMode, args: readonly string[], text: string): Failure {
  const command = ["systemctl", ...(mode === "user" ? ["--user"] : []), ...args].join(" ");
  return new Failure("negative", `\`${command}\` failed: ${reason(text)}`);
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/Interactive authentication required|Access denied|Permission denied/i, "run this as root (sudo)"],
  [
    /not been booted with systemd|Host is down/i,
    "systemd does not run here; with --root DIR an image can be filled without it",
  ],
  [
    /XDG_RUNTIME_DIR|No medium found|user scope bus|\$DBUS_SESSION_BUS_ADDRESS/i,
    "this user has no systemd of its own running: log in, or let it run always with `sudo loginctl enable-linger USER`",
  ],
];

function reason(text: string): string {
  const said = text.trim().replaceAll("\n", "; ");
  const advice = ADVICE.find(([pattern]) => pattern.test(text))?.[1];
  return `${said === "" ? "it gave no reason" : said}${advice === undefined ? "" : `: ${advice}`}`;
}
