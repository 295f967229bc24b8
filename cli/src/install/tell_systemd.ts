/** What systemd and its tools are told after an installation: shown in the plan, and run in this order. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../exit_codes.ts";
import type { Systemctl } from "../systemctl.ts";
import { hasOwnHome, type InstallPlan } from "./plan_install.ts";
import { runTool } from "./run_tool.ts";

export interface Told {
  readonly told: readonly string[];
  /** What could not be said where no systemd runs, and why. */
  readonly untold: readonly string[];
}

/** `manager`: a systemd runs that can be asked. */
export function systemdCommands(
  plan: InstallPlan,
  { manager }: { readonly manager: boolean },
): readonly (readonly string[])[] {
  const { layout, root } = plan.place;
  const systemctl = layout.mode === "user" ? ["systemctl", "--user"] : ["systemctl"];
  const enables = enabledAtFirst(plan);
  const enable = manager
    ? [...systemctl, "enable", "--quiet", ...enables]
    : ["systemctl", `--root=${root === "" ? "/" : root}`, "enable", "--quiet", ...enables];
  return [
    ...(root === "" ? accountCommands(plan) : []),
    ...(manager ? [[...systemctl, "daemon-reload"]] : []),
    ...(enables.length > 0 && (manager || layout.mode === "system") ? [enable] : []),
  ];
}

/** The user first: the directories are given to it. */
function accountCommands({ place: { layout } }: InstallPlan): readonly (readonly string[])[] {
  const { sysusersDirectory: users, tmpfilesDirectory: directories } = layout;
  return [
    ...(users === undefined ? [] : [["systemd-sysusers", join(users, "kloros.conf")]]),
    ...(directories === undefined
      ? []
      : [["systemd-tmpfiles", "--create", join(directories, "kloros.conf")]]),
  ];
}

/** Optional services belong to a new installation. In an adopted home the old ones still do their work: `migrate` decides. */
function enabledAtFirst({ place, linkIsNew, description }: InstallPlan): readonly string[] {
  const worked = existsSync(join(place.root, place.layout.state, "journal.db"));
  return linkIsNew && hasOwnHome(place) && !worked ? description.enabled : [];
}

/** Throws `Failure` when a systemd that runs says no. */
export async function tellSystemd(plan: InstallPlan, systemctl: Systemctl | undefined): Promise<Told> {
  const told: string[] = [];
  const untold: string[] = [];
  for (const command of systemdCommands(plan, { manager: systemctl !== undefined })) {
    try {
      if (systemctl === undefined || command[0] !== "systemctl") await runTool(command);
      else await run(systemctl, command.slice(systemctl.mode === "user" ? 2 : 1));
      told.push(command.join(" "));
    } catch (error) {
      if (systemctl !== undefined || !(error instanceof Failure)) throw error;
      untold.push(error.message);
    }
  }
  return { told, untold };
}

async function run(systemctl: Systemctl, [verb = "", ...args]: readonly string[]): Promise<void> {
  await systemctl.run(verb, ...args);
}
