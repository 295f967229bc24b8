/** Everything that a command about the migration needs: where it is, where it stands, how the old side is told. */
import { join } from "node:path";
import { type EffectiveSetting, loadConfig } from "@kloros/daemon";
import type { Environment } from "../environment.ts";
import { Failure } from "../exit_codes.ts";
import { choosePlace } from "../install/choose_place.ts";
import { ownInstallation } from "../install/own_installation.ts";
import { findPlace, type Place } from "../place.ts";
import type { CommonFlags } from "../shared_options.ts";
import { Systemctl } from "../systemctl.ts";
import type { InstallLayout } from "../units/layout.ts";
import { unitName } from "../units/service_unit.ts";
import { MigrateConfig, type MigrateSettings, problemOf } from "./migrate_config.ts";
import { migrationDirectory } from "./migration_lock.ts";
import { type MigrationState, readMigration } from "./migration_state.ts";

export interface MigrateFlags extends CommonFlags {
  readonly user?: boolean;
}

export interface Migration {
  readonly place: Place;
  readonly layout: InstallLayout;
  readonly settings: MigrateSettings;
  readonly systemctl: Systemctl;
  readonly directory: string;
  readonly stateFile: string;
  readonly state: MigrationState;
  /** What the clean-up moves, absolute. */
  readonly files: readonly string[];
  /** The old side can be told to leave intents and modules alone. */
  readonly divided: boolean;
}

/** Changes nothing. Throws `Failure`, `ConfigError`. */
export async function openMigration(
  flags: MigrateFlags,
  environment: Pick<Environment, "env" | "cwd">,
): Promise<Migration> {
  const layout = findLayout(flags, environment);
  const place = await placeOf(layout, flags, environment);
  const settings = readSettings(layout, environment);
  const directory = migrationDirectory(layout);
  const stateFile = join(directory, "migration.json");
  const state = readMigration(stateFile);
  return {
    place,
    layout,
    settings,
    systemctl: new Systemctl({ mode: layout.mode, env: environment.env }),
    directory,
    stateFile,
    state,
    files: settings.files.map((path) => (path.startsWith("/") ? path : join(layout.source, path))),
    divided: state.position >= 2 ? state.divided : settings.intents.disable.length > 0,
  };
}

/** Of the installation that this program belongs to; else of the one that it would be installed for. */
function findLayout(flags: MigrateFlags, environment: Pick<Environment, "env" | "cwd">): InstallLayout {
  const { home, source, user } = flags;
  const own = user === true || home !== undefined ? undefined : ownInstallation();
  if (own !== undefined) return own;
  const request = {
    ...(user === true ? { user } : {}),
    ...(home === undefined ? {} : { home }),
    ...(source === undefined ? {} : { source }),
  };
  return choosePlace(request, environment).layout;
}

/** The services' own: their units name these directories, and no file of configuration goes before that. */
async function placeOf(
  layout: InstallLayout,
  flags: MigrateFlags,
  environment: Pick<Environment, "env" | "cwd">,
): Promise<Place> {
  const { home, source, state, runtime } = layout;
  return findPlace(
    { ...flags, home, source, runtime },
    { ...environment, env: { ...environment.env, KLOROS_STATE: state } },
  );
}

function readSettings(
  layout: InstallLayout,
  { env, cwd }: Pick<Environment, "env" | "cwd">,
): MigrateSettings {
  const flags = { home: layout.home, assignments: [], printConfig: false, help: false, version: false };
  const loaded = loadConfig({
    service: "migrate",
    schema: MigrateConfig,
    flags,
    env,
    cwd,
    systemFile: layout.configFile,
  });
  refuseSettingsOfHome(layout, loaded.effective);
  const problem = problemOf(loaded.service);
  if (problem !== undefined) throw new Failure("config", problem);
  return loaded.service;
}

/** They are commands for the shell of whoever migrates the machine: root. The home's file is the services' to write. */
function refuseSettingsOfHome(
  { mode, home, configFile }: InstallLayout,
  all: readonly EffectiveSetting[],
): void {
  const file = join(home, "kloros.toml");
  const found = all.find(({ section, origin }) => section === "migrate" && origin.startsWith(file));
  if (mode === "user" || found === undefined) return;
  throw new Failure(
    "config",
    `${found.origin} has [migrate] ${found.field.key}: services can write that file, and root would run what stands there. Move the section [migrate] to ${configFile}`,
  );
}

/** Why nothing can be done here; undefined: it can. */
export async function whyNotHere({ systemctl, layout }: Migration): Promise<string | undefined> {
  const missing = await systemctl.missing();
  if (missing !== undefined) return missing;
  const { LoadState } = await systemctl.show(unitName("chemical-bus"), ["LoadState"]);
  if (LoadState === "loaded") return undefined;
  const user = layout.mode === "user" ? " --user" : "";
  return `there is no ${unitName("chemical-bus")} here; install first: kloros install${user} --home ${layout.home}`;
}
