/**
 * Where an installation under systemd lies. `install` decides it, the units are written from it, and `upgrade` changes
 * nothing in it: what it switches is the link that `programs` goes through.
 */
import { join } from "node:path";
import type { Installation } from "@kloros/daemon";

type Places = Pick<Installation, "home" | "source" | "state" | "runtime" | "logs">;

/** All paths absolute. System mode: state below /var/lib, runtime below /run, logs below /var/log. */
export interface InstallLayout extends Places {
  readonly mode: "system" | "user";
  /** Directory of the executables, named like the services; resolved at each start, through a link that `upgrade` switches. */
  readonly programs: string;
  readonly configFile: string;
  /** System mode: whom the services run as. */
  readonly user?: string;
  readonly group?: string;
  readonly unitDirectory: string;
  readonly sysusersDirectory?: string;
  readonly tmpfilesDirectory?: string;
}

/** What an operator of a clean machine gets. */
export const SYSTEM_LAYOUT: InstallLayout = {
  mode: "system",
  programs: "/opt/kloros/current/bin",
  home: "/var/lib/kloros",
  source: "/var/lib/kloros/src",
  state: "/var/lib/kloros/state",
  runtime: "/run/kloros",
  logs: "/var/log/kloros",
  configFile: "/etc/kloros/kloros.toml",
  user: "kloros",
  group: "kloros",
  unitDirectory: "/etc/systemd/system",
  sysusersDirectory: "/etc/sysusers.d",
  tmpfilesDirectory: "/etc/tmpfiles.d",
};

/** `home`: the login directory of the user whose services these are. */
export function userLayout(home: string, env: Readonly<Record<string, string | undefined>>): InstallLayout {
  const own = join(home, ".kloros");
  const runtime = absolute(env["XDG_RUNTIME_DIR"]);
  return {
    mode: "user",
    programs: join(home, ".local/lib/kloros/current/bin"),
    home: own,
    source: join(own, "src"),
    state: join(own, "state"),
    runtime: runtime === undefined ? join(own, "run") : join(runtime, "kloros"),
    logs: join(own, "logs"),
    configFile: join(own, "kloros.toml"),
    unitDirectory: join(absolute(env["XDG_CONFIG_HOME"]) ?? join(home, ".config"), "systemd/user"),
  };
}

/** The XDG base directories: one that is not absolute does not count. */
function absolute(text: string | undefined): string | undefined {
  return text?.startsWith("/") === true ? text : undefined;
}
