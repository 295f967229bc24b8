/** Where an installation goes: what was recorded, else what was asked for, else what is usual. Looks, changes nothing. */
import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { errorCode, type HomeInspection, inspectHome } from "@kloros/daemon";
import { Failure } from "../exit_codes.ts";
import { type InstallLayout, SYSTEM_LAYOUT, userLayout } from "../units/layout.ts";
import { whyUnsafe } from "../units/unit_text.ts";
import { accountNames, idsOf } from "./account_names.ts";
import { type InstallationRecord, readRecord } from "./installation_record.ts";

export interface PlaceRequest {
  readonly user?: boolean;
  readonly home?: string;
  readonly source?: string;
  /** Directory of an image: all paths lie below it, and nothing is started. */
  readonly root?: string;
}

export interface InstallPlace {
  readonly layout: InstallLayout;
  /** Before every path of the layout; empty on the running machine. */
  readonly root: string;
  /** Of the releases and their links, `root` included. */
  readonly base: string;
  /** Undefined: nothing is installed there yet. */
  readonly record: InstallationRecord | undefined;
  readonly home: HomeInspection;
}

/** The original system's. */
const LEGACY_HOME = "/home/kloros/.kloros";

interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Throws `Failure`. */
export function choosePlace(request: PlaceRequest, world: World): InstallPlace {
  try {
    return lookForPlace(request, world);
  } catch (error) {
    if (errorCode(error) !== "EACCES") throw error;
    const what = (error as NodeJS.ErrnoException).path ?? "the installation";
    throw new Failure("negative", `this user may not look at ${what}: run it as root (sudo)`, {
      cause: error,
    });
  }
}

function lookForPlace(request: PlaceRequest, { env, cwd }: World): InstallPlace {
  const root = imageAt(request.root, cwd);
  const usual = request.user === true ? layoutOfUser(env) : SYSTEM_LAYOUT;
  const base = join(root, baseOf(usual));
  const record = readRecord(base);
  const layout = record?.layout ?? wantedLayout(usual, request, root, cwd);
  if (record !== undefined) refuseMove(record, request, cwd);
  else {
    refuseUnsafe(layout, request);
    refuseOthersState(layout, root);
  }
  return { layout, root, base, record, home: inspectHome(join(root, layout.home)) };
}

/** Empty: the running machine. */
function imageAt(given: string | undefined, cwd: string): string {
  if (given === undefined) return "";
  const root = resolve(cwd, given);
  if (given !== "" && statSync(root, { throwIfNoEntry: false })?.isDirectory() === true)
    return root.replace(/\/$/, "");
  throw new Failure(
    "negative",
    `--root ${JSON.stringify(given)} is no directory; name the one that holds the image (an empty one is filled)`,
  );
}

/** `/opt/kloros`, of the programs in `/opt/kloros/current/bin`. */
export function baseOf({ programs }: Pick<InstallLayout, "programs">): string {
  return dirname(dirname(programs));
}

/** A shell that came by `sudo` or `su` may not say where the user's runtime directory is; systemd always has it there. */
function layoutOfUser(env: World["env"]): InstallLayout {
  const home = env["HOME"] ?? "";
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  return userLayout(home === "" ? homedir() : home, {
    ...env,
    XDG_RUNTIME_DIR: runtime === "" ? `/run/user/${process.getuid?.() ?? 0}` : runtime,
  });
}

function wantedLayout(usual: InstallLayout, request: PlaceRequest, root: string, cwd: string): InstallLayout {
  const legacy = usual.mode === "system" && root === "" && existsSync(LEGACY_HOME) ? LEGACY_HOME : undefined;
  const home = request.home === undefined ? (legacy ?? usual.home) : resolve(cwd, request.home);
  const source = request.source === undefined ? sourceOf(home, root) : resolve(cwd, request.source);
  const state = usual.mode === "user" ? { state: join(home, "state"), logs: join(home, "logs") } : {};
  const config = usual.mode === "user" ? { configFile: join(home, "kloros.toml") } : {};
  return { ...usual, ...state, ...config, home, source, ...servicesUser(usual, home, root) };
}

function sourceOf(home: string, root: string): string {
  const legacy = inspectHome(join(root, home)).kind === "legacy";
  return legacy ? join(dirname(home), "src") : join(home, "src");
}

/** An existing home is worked in by whoever owns it. */
function servicesUser(
  usual: InstallLayout,
  home: string,
  root: string,
): { readonly user?: string; readonly group?: string } {
  if (usual.mode === "user") return {};
  const found = statSync(join(root, home), { throwIfNoEntry: false });
  if (found === undefined || home === usual.home) return {};
  if (found.uid === 0)
    throw new Failure(
      "negative",
      `${home} belongs to root, and no service is to run as root: give it to the user that they are to run as (chown), or remove it when it is empty, then it is made for the user ${usual.user ?? "kloros"}`,
    );
  return accountNames(found, root);
}

/** Units name these paths. */
function refuseUnsafe(layout: InstallLayout, { home, source }: PlaceRequest): void {
  const named = [
    [home === undefined ? "the home" : `--home ${JSON.stringify(home)}`, layout.home],
    [source === undefined ? "the source tree" : `--source ${JSON.stringify(source)}`, layout.source],
    ["the directory of the programs", layout.programs],
  ] as const;
  for (const [what, path] of named) {
    const why = whyUnsafe(path);
    if (why !== undefined) throw new Failure("negative", `${what} cannot be used: ${why}`);
  }
}

/** A journal that an earlier installation left, and that the services of this one could not open. */
function refuseOthersState({ mode, state, user }: InstallLayout, root: string): void {
  const found = statSync(join(root, state), { throwIfNoEntry: false });
  if (mode === "user" || user === undefined || found === undefined) return;
  const ids = idsOf(user, root);
  if (ids === undefined || ids.uid === found.uid) return;
  const { user: owner } = accountNames(found, root);
  throw new Failure(
    "negative",
    `${state} is there from an earlier installation and belongs to ${owner}, but the services of this one are to run as ${user}. ` +
      `To go on with that data: chown -R ${user}: ${dirname(state)}; or move it away`,
  );
}

/** Where it works is decided once: the journal does not move by itself. */
function refuseMove({ layout }: InstallationRecord, { home, source }: PlaceRequest, cwd: string): void {
  const moved = [
    ["--home", home, layout.home],
    ["--source", source, layout.source],
  ] as const;
  for (const [flag, wanted, now] of moved) {
    if (wanted === undefined || resolve(cwd, wanted) === now) continue;
    throw new Failure(
      "negative",
      `${flag} ${wanted}: it is installed for ${now} already. To change that: \`kloros uninstall\` (it leaves the data), then install anew`,
    );
  }
}
