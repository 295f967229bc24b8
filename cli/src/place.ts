/** Where the installation is that a command is about: by the same rules as the services, and those of `up`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Installation, Located } from "@kloros/daemon";
import type { CommonFlags } from "./shared_options.ts";
import type { Environment } from "./environment.ts";
import { Failure } from "./exit_codes.ts";
import { ownInstallation } from "./install/own_installation.ts";
import { scratchPlace } from "./up/home/scratch_place.ts";
import { cloneRoot, isCompiled } from "./up/service_command.ts";

export interface Place {
  readonly paths: Installation;
  readonly located: Located;
}

/** Creates nothing. Throws `ConfigError`. */
export async function findPlace(
  flags: CommonFlags,
  environment: Pick<Environment, "env" | "cwd">,
): Promise<Place> {
  const located = await locate(flags, environment);
  const installed = await locateInstalled(flags, located, environment);
  if (installed !== undefined) return installed;
  const scratch = observedFrom(flags, located, environment);
  if (scratch === undefined) return { located, paths: located.paths };
  const { env } = environment;
  const again = await locate(
    { ...flags, home: located.paths.home, runtime: join(scratch, "run") },
    { ...environment, env: { ...env, KLOROS_STATE: join(scratch, "state") } },
  );
  return { located: again, paths: { ...again.paths, logs: join(scratch, "logs") } };
}

/** The installation that this program was installed for, unless another one was named. Its state lies where it was told to. */
async function locateInstalled(
  flags: CommonFlags,
  located: Located,
  { env, cwd }: Pick<Environment, "env" | "cwd">,
): Promise<Place | undefined> {
  const layout = ownInstallation();
  if (layout === undefined || (env["KLOROS_STATE"] ?? "") !== "") return undefined;
  const said = flags.home !== undefined || (env["KLOROS_HOME"] ?? "") !== "";
  const usual = said || located.inspection.kind === "own" ? located.common.home : layout.home;
  if (usual !== layout.home) return undefined;
  const { home, source, state, logs } = layout;
  // A user's runtime directory is the login's: the bus wrote down where it found it.
  const runtime = layout.mode === "user" ? {} : { runtime: layout.runtime };
  const again = await locate(
    { source, ...runtime, ...flags, home },
    { cwd, env: { ...env, KLOROS_STATE: state } },
  );
  return { located: again, paths: { ...again.paths, logs } };
}

/** For what writes into the home: fails with `negative` when there is none. */
export async function existingPlace(
  flags: CommonFlags,
  environment: Pick<Environment, "env" | "cwd">,
): Promise<Place> {
  const place = await findPlace(flags, environment);
  const { kind, home } = place.located.inspection;
  if (kind !== "absent" && kind !== "empty") return place;
  throw new Failure(
    "negative",
    `${home} is no installation: ${place.located.inspection.why}; name one with --home DIR`,
  );
}

async function locate(flags: CommonFlags, { env, cwd }: Pick<Environment, "env" | "cwd">): Promise<Located> {
  const { locateInstallation } = await import("@kloros/daemon");
  const { home, source, runtime } = flags;
  const given = {
    ...(home === undefined ? {} : { home }),
    ...(source === undefined ? {} : { source }),
    ...(runtime === undefined ? {} : { runtime }),
    env,
    cwd,
  };
  const located = locateInstallation(given);
  // From a clone, `up` works in the clone, wherever it is called from: so it is looked for there too.
  if (isCompiled() || home !== undefined || located.inspection.kind !== "absent") return located;
  if ((env["KLOROS_HOME"] ?? "") !== "" || located.common.home !== join(cwd, ".kloros")) return located;
  const ofClone = locateInstallation({ ...given, home: join(cloneRoot(), ".kloros") });
  return ofClone.inspection.kind === "own" ? ofClone : located;
}

/** A home that is only observed by `up` has its sockets and logs elsewhere. */
function observedFrom(
  flags: CommonFlags,
  { paths, inspection }: Located,
  { env }: Pick<Environment, "env">,
): string | undefined {
  if (inspection.kind !== "legacy" && inspection.kind !== "foreign") return undefined;
  const scratch = scratchPlace(paths.home, env);
  const named = flags.runtime === undefined || flags.runtime === join(scratch, "run");
  return named && existsSync(join(scratch, "run")) && !existsSync(socketOf(paths)) ? scratch : undefined;
}

function socketOf({ busEndpoint }: Installation): string {
  return busEndpoint.startsWith("ipc://") ? busEndpoint.slice("ipc://".length) : "";
}

/** What to type to start a bus here. */
export function startCommand({ home }: Pick<Installation, "home">, installed = ownInstallation()): string {
  if (installed?.home === home)
    return installed.mode === "user"
      ? "systemctl --user start kloros.target"
      : "sudo systemctl start kloros.target";
  return isCompiled() ? `kloros up --home ${home}` : `${join(cloneRoot(), "scripts/up")} --home ${home}`;
}
