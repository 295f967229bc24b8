/**
 * An installation in a real systemd: the compiled programs and the rendered units in a sandbox, its state on the host's disk, so
 * that it is there again after a boot.
 *
 * `paths` are the host's view of it. Invariant: what lies in `data` may be read once the machine is off; while it is on, the
 * journal is the bus's alone.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type InstallLayout, SYSTEM_LAYOUT, renderUnits } from "@kloros/cli/testing";
import { type Bus, connectBus } from "@kloros/bus-client";
import { until } from "@kloros/bus-client/testing";
import { type Installation, resolveInstallation } from "@kloros/daemon";
import type { SeedFile } from "../sandbox/seed.ts";
import type { Bind } from "../sandbox/boot_script.ts";
import type { Programs } from "./programs.ts";
import { type Outcome, type RunOptions, Sandbox } from "../sandbox/sandbox.ts";

export interface MachineOptions {
  readonly programs: Pick<Programs, "directory" | "command" | "package">;
  /** Sections of /etc/kloros/kloros.toml besides `[kloros]`. */
  readonly config?: string;
  /** Lines of `[Service]` laid over all units. */
  readonly serviceLines?: readonly string[];
}

const LAYOUT: InstallLayout = SYSTEM_LAYOUT;
const COMMAND = "/usr/local/bin/kloros";
const PACKAGE = "/media/kloros.deb";
const READY_MS = 60_000;
/** What the target leaves to the operator. */
const OPTIONAL = ["intent-router", "curiosity-core"];

export const unitOf = (service: string): string => `kloros-${service}.service`;

export class Machine {
  readonly data: string;
  readonly #options: MachineOptions;
  #sandbox: Sandbox | undefined;
  #operator: Bus | undefined;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.data = mkdtempSync(join(tmpdir(), "kloros-machine-"));
    for (const name of ["home", "logs"]) mkdirSync(join(this.data, name));
  }

  get sandbox(): Sandbox {
    if (this.#sandbox === undefined) throw new Error("the machine is off");
    return this.#sandbox;
  }

  /** Of the host. The runtime directory is there while the machine is on. */
  get paths(): Installation {
    const home = join(this.data, "home");
    const runtime = this.#sandbox?.pathOf(LAYOUT.runtime) ?? join(this.data, "off");
    const source = join(home, "src");
    return resolveInstallation({ home, source, state: join(home, "state"), runtime, env: {} }).paths;
  }

  /** Boots; nothing is started that is not enabled, which `enabled` is. */
  async boot({ enabled = false }: { readonly enabled?: boolean } = {}): Promise<void> {
    this.#sandbox = await Sandbox.boot({
      binds: [
        ...this.#programs(),
        { from: join(this.data, "home"), to: LAYOUT.home },
        { from: join(this.data, "logs"), to: LAYOUT.logs },
      ],
      files: this.#files(),
    });
    if (this.#options.programs.package !== undefined) {
      await this.sandbox.must(["dpkg", "-i", PACKAGE]);
      this.configure(this.#config());
    }
    // What the operator of a new machine does; the directories that were bound came from the host's root.
    await this.own();
    await this.sandbox.must(["systemd-tmpfiles", "--create", "kloros.conf"]);
    await this.sandbox.systemctl("enable", ...OPTIONAL.map(unitOf));
    if (enabled) await this.sandbox.systemctl("enable", "kloros.target");
  }

  /** What the host's root wrote belongs to the services. */
  async own(): Promise<void> {
    await this.sandbox.must(["chown", "-R", "kloros:kloros", LAYOUT.home, LAYOUT.logs]);
  }

  async start(): Promise<void> {
    await this.sandbox.systemctl("start", "kloros.target");
  }

  async show(service: string, property: string): Promise<string> {
    return (await this.sandbox.systemctl("show", "--value", "-p", property, unitOf(service))).trim();
  }

  /** Waits until the unit is up and READY. */
  async ready(service: string): Promise<void> {
    await this.until(
      `${service} to be ready`,
      async () => (await this.show(service, "ActiveState")) === "active",
      READY_MS,
    );
  }

  async until(what: string, done: () => Promise<boolean> | boolean, limitMs: number): Promise<void> {
    try {
      await until(
        what,
        async () => {
          const is = await done();
          // Each look may start a program in the sandbox.
          if (!is) await Bun.sleep(50);
          return is;
        },
        { limitMs },
      );
    } catch (error) {
      throw new Error(`${String(error)}\n${await this.report()}`, { cause: error });
    }
  }

  /** As root, like an operator with sudo. */
  async kloros(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.sandbox.run(["kloros", ...args], options);
  }

  /** Speaks as the operator, from the host. */
  get operator(): Bus {
    this.#operator ??= connectBus({
      endpoint: this.paths.busEndpoint,
      service: "operator",
      timing: { silenceMs: 2000, backoffMaxMs: 200, requestMs: 10_000 },
    });
    return this.#operator;
  }

  /** Overrides settings of one unit's `[Service]`, as `systemctl edit` does. */
  async edit(service: string, lines: readonly string[]): Promise<void> {
    const directory = this.sandbox.pathOf(`/etc/systemd/system/${unitOf(service)}.d`);
    mkdirSync(directory, { recursive: true });
    // Another name than the drop-in of all units has, which it would take the place of.
    writeFileSync(join(directory, "edit.conf"), `[Service]\n${lines.join("\n")}\n`);
    await this.sandbox.systemctl("daemon-reload");
  }

  async unedit(service: string): Promise<void> {
    rmSync(this.sandbox.pathOf(`/etc/systemd/system/${unitOf(service)}.d`), { recursive: true });
    await this.sandbox.systemctl("daemon-reload");
  }

  /** The file that was edited is this service's alone on this machine. */
  configure(text: string): void {
    writeFileSync(this.sandbox.pathOf(LAYOUT.configFile), text);
  }
  configText(): string {
    return readFileSync(this.sandbox.pathOf(LAYOUT.configFile), "utf8");
  }

  /** Shut down in order. */
  async off(): Promise<void> {
    await this.#leave();
    await this.sandbox.powerOff();
    this.#sandbox = undefined;
  }

  /** As if its power went. */
  async cutPower(): Promise<void> {
    await this.#leave();
    await this.sandbox.remove();
    this.#sandbox = undefined;
  }

  async remove(): Promise<void> {
    await this.#leave();
    await this.#sandbox?.remove();
    this.#sandbox = undefined;
    rmSync(this.data, { recursive: true, force: true });
  }

  async report(): Promise<string> {
    if (this.#sandbox === undefined) return "(the machine is off)";
    const { out } = await this.#sandbox.run(["systemctl", "--no-pager", "-n", "8", "status", "kloros-*"]);
    return out.slice(-12_000);
  }

  async #leave(): Promise<void> {
    await this.#operator?.close();
    this.#operator = undefined;
  }

  #programs(): readonly Bind[] {
    const { directory, command, package: deb } = this.#options.programs;
    if (deb !== undefined) return [{ from: deb, to: PACKAGE, readOnly: true }];
    return [
      { from: directory, to: LAYOUT.programs, readOnly: true },
      { from: command, to: COMMAND, readOnly: true },
    ];
  }

  #config(): string {
    const { home, source, state, runtime } = LAYOUT;
    const places = Object.entries({ home, source, state, runtime }).map(
      ([key, path]) => `${key} = "${path}"`,
    );
    return ["[kloros]", ...places, this.#options.config ?? "", ""].join("\n");
  }

  #files(): readonly SeedFile[] {
    const lines = this.#options.serviceLines ?? [];
    const dropIn = lines.length === 0 ? [] : [`[Service]\n${lines.join("\n")}\n`];
    const installed = this.#options.programs.package !== undefined;
    return [
      // A machine that builds images may forbid all starts; this one is an operator's.
      ...(installed ? [{ path: "/usr/sbin/policy-rc.d", text: "#!/bin/sh\nexit 0\n", mode: 0o755 }] : []),
      ...(installed ? [] : [...renderUnits(LAYOUT), { path: LAYOUT.configFile, text: this.#config() }]),
      // For all units whose name begins so, systemd.unit(5).
      ...dropIn.map((text) => ({ path: "/etc/systemd/system/kloros-.service.d/test.conf", text })),
    ];
  }
}
