/** The way back from an installation. Said again after an interruption, it goes on: what is gone already is no error. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { HOME_MARKER, inspectHome } from "@kloros/daemon";
import { acquireFileLock, FileLockHeldError } from "@kloros/file-lock";
import { Failure } from "../exit_codes.ts";
import { writeError } from "../release/add_release.ts";
import { dropInDirectory, removeIfEmpty, ROLE_FILE, roleFiles } from "../migrate/role_file.ts";
import { readLink } from "../release/release_store.ts";
import type { Systemctl } from "../systemctl.ts";
import { baseOf, type InstallPlace } from "./choose_place.ts";
import { recordPath } from "./installation_record.ts";
import { bringBack, keptAside } from "./keep_aside.ts";
import { runTool } from "./run_tool.ts";
import { LOCK_FILE } from "./lock_installation.ts";
import { commandLink } from "./planned_files.ts";

export interface RemovalPlan {
  /** Programs, units, links, and the sockets' directory, which outlives its services. Without the `--root`. */
  readonly files: readonly string[];
  /** What was worked on and goes too. */
  readonly data: readonly string[];
  /** What is left on purpose. */
  readonly stays: readonly string[];
  /** What `install --replace` moved aside. */
  readonly comesBack: readonly string[];
}

export function planRemoval(place: InstallPlace, { purge }: { readonly purge: boolean }): RemovalPlan {
  const { layout, root, record } = place;
  const { home, state, logs, configFile, runtime } = layout;
  const own = ["own", "empty"].includes(inspectHome(join(root, home)).kind);
  // In a home of somebody else's, what this software keeps lies in directories of its own.
  const ours = [state, logs].filter((path) => own || !isInside(path, home));
  const config = layout.mode === "system" ? [dirname(configFile)] : [];
  const all = [...new Set([...(own ? [home] : []), ...ours, ...config])].filter((path) =>
    existsSync(join(root, path)),
  );
  const data = all.filter((path) => !all.some((other) => isInside(path, other)));
  const written = (record?.files ?? []).filter((path) => isStillThere(place, path));
  // Without the migration's state, nobody would know what they say.
  const roles = purge ? roleFiles(dropInDirectory(layout), root) : [];
  return {
    files: [...written, ...roles, ...(existsSync(join(root, runtime)) ? [runtime] : []), baseOf(layout)],
    data: purge ? data : [],
    stays: [...(purge ? [] : data), ...(own || !existsSync(join(root, home)) ? [] : [home])],
    comesBack: keptAside(place.base),
  };
}

function isInside(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`);
}

/** What stands where the command's link was, or a link where a file was, is somebody else's by now. */
function isStillThere({ root, layout }: InstallPlace, path: string): boolean {
  const target = readLink(join(root, path));
  if (target !== undefined) return target.startsWith(`${layout.programs}/`);
  return path !== commandLink(layout) && existsSync(join(root, path));
}

/** Throws `Failure`. The note of what was written goes last, so that it can be said again. */
export async function applyRemoval(
  place: InstallPlace,
  plan: RemovalPlan,
  systemctl: Systemctl | undefined,
): Promise<void> {
  const { root, base } = place;
  if (systemctl !== undefined) await stopAll(systemctl, place);
  refuseRunning(place);
  if (systemctl === undefined) await disableOffline(place);
  for (const path of plan.data) removeMarkedLast(path, root);
  remove(
    plan.files.filter((path) => join(root, path) !== base),
    root,
  );
  for (const path of plan.files) if (basename(path) === ROLE_FILE) removeIfEmpty(dirname(join(root, path)));
  bringBack(place);
  if (systemctl !== undefined) await systemctl.daemonReload();
  for (const name of readdirSync(base)) {
    const path = join(base, name);
    if (path !== recordPath(base) && name !== LOCK_FILE) remove([path], "");
  }
  remove([recordPath(base), join(base, LOCK_FILE), base], "");
}

/** Stopped and no longer wanted at boot. Units that systemd does not know are none. */
async function stopAll(systemctl: Systemctl, { record }: InstallPlace): Promise<void> {
  const known: string[] = [];
  for (const unit of unitsOf(record)) {
    const { LoadState } = await systemctl.show(unit, ["LoadState"]);
    if (LoadState !== "not-found") known.push(unit);
  }
  if (known.length === 0) return;
  await systemctl.run("stop", ...known);
  for (const unit of known) {
    const { ActiveState } = await systemctl.show(unit, ["ActiveState"]);
    if (ActiveState === "active" || ActiveState === "deactivating")
      throw new Failure("negative", `${unit} does not stop (${ActiveState}); nothing was taken away`);
  }
  await systemctl.run("disable", "--quiet", ...known);
}

/** What systemd did not start, it does not stop: a service of `kloros up`, or of a manager that cannot be reached. */
function refuseRunning({ layout, root }: InstallPlace): void {
  const runtime = join(root, layout.runtime);
  const locks = existsSync(runtime) ? readdirSync(runtime).filter((name) => name.endsWith(".lock")) : [];
  for (const name of locks) {
    try {
      acquireFileLock(join(runtime, name), "kloros-uninstall").release();
    } catch (error) {
      if (!(error instanceof FileLockHeldError)) throw error;
      const who = error.holder === undefined ? name : `${error.holder.name} (pid ${error.holder.pid})`;
      throw new Failure("held", `${who} still runs; end it first. Nothing was taken away`, { cause: error });
    }
  }
}

/** Links that start units at boot, where no systemd runs. Without its tool none was made. */
async function disableOffline({ layout, record, root }: InstallPlace): Promise<void> {
  const units = unitsOf(record);
  if (layout.mode === "user" || units.length === 0) return;
  const tool = ["systemctl", `--root=${root === "" ? "/" : root}`, "disable", "--quiet"];
  await runTool([...tool, ...units]).catch(() => undefined);
}

function unitsOf(record: InstallPlace["record"]): readonly string[] {
  return (record?.files ?? [])
    .map((path) => basename(path))
    .filter((name) => /\.(service|target)$/.test(name));
}

function remove(paths: readonly string[], root: string): void {
  for (const path of paths) {
    try {
      rmSync(join(root, path), { recursive: true, force: true });
    } catch (error) {
      throw writeError(error, path);
    }
  }
}

/** Without its mark, half a home would be somebody else's when it is said again. */
function removeMarkedLast(path: string, root: string): void {
  const mark = dirname(HOME_MARKER);
  const below = (directory: string, but: string): readonly string[] =>
    existsSync(join(root, directory))
      ? readdirSync(join(root, directory))
          .filter((name) => name !== but)
          .map((name) => join(directory, name))
      : [];
  if (existsSync(join(root, path, HOME_MARKER)))
    remove([...below(path, mark), ...below(join(path, mark), basename(HOME_MARKER))], root);
  remove([path], root);
}
