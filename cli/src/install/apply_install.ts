/**
 * Carries a plan out. Every step leaves what an interrupted run can go on from, in this order: the release, the note of what
 * is about to be written, the files, the link that makes it current, and last what systemd is told.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type FileLock, FileLockHeldError, acquireFileLock } from "@kloros/file-lock";
import { Failure } from "../exit_codes.ts";
import { addRelease, writeError } from "../release/add_release.ts";
import type { Systemctl } from "../systemctl.ts";
import { applyFiles, replacedDirectory } from "./apply_files.ts";
import { runTool } from "./run_tool.ts";
import { writeRecord } from "./installation_record.ts";
import { type InstallPlan, refuseForeign } from "./plan_install.ts";
import type { InstallPlace } from "./choose_place.ts";

export interface ApplyInstall {
  /** Undefined: nobody is told (an image, or a machine without systemd). */
  readonly systemctl: Systemctl | undefined;
  /** Somebody else's files are moved aside. */
  readonly replace: boolean;
}

/** Keeps a second one out, until it is released. Throws `Failure`, naming the holder's pid. */
export function lockInstallation(base: string, who: string): FileLock {
  try {
    mkdirSync(base, { recursive: true, mode: 0o755 });
    return acquireFileLock(join(base, "install.lock"), who);
  } catch (error) {
    if (error instanceof FileLockHeldError)
      throw new Failure("held", `another one is at it: ${error.message}`, { cause: error });
    throw writeError(error, join(base, "install.lock"));
  }
}

/** Returns what was told to systemd, as commands. Throws `Failure`. */
export async function applyInstall(plan: InstallPlan, options: ApplyInstall): Promise<readonly string[]> {
  const { place, store, release, program, files } = plan;
  if (!options.replace) refuseForeign(files);
  addRelease(store, program, release);
  await noteFiles(plan);
  await applyFiles(files, {
    root: place.root,
    replaced: replacedDirectory(place.base),
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  });
  if (plan.linkIsNew) store.switchTo("current", release.id);
  return tellSystemd(plan, options.systemctl);
}

async function noteFiles({ place, files }: InstallPlan): Promise<void> {
  const { base, layout, record } = place;
  const written = files
    .filter(({ planned }) => !(planned.kind === "file" && planned.operators))
    .map(({ planned }) => planned.path);
  try {
    await writeRecord(base, {
      format: 1,
      layout,
      files: [...new Set([...(record?.files ?? []), ...written])].toSorted(),
    });
  } catch (error) {
    throw writeError(error, base);
  }
}

async function tellSystemd(plan: InstallPlan, systemctl: Systemctl | undefined): Promise<readonly string[]> {
  if (systemctl === undefined) return [];
  const commands = accountCommands(plan.place);
  for (const command of commands) await runTool(command);
  await systemctl.daemonReload();
  const enables = enabledAtFirst(plan);
  if (enables.length > 0) await systemctl.run("enable", "--quiet", ...enables);
  const manager = systemctl.mode === "user" ? "systemctl --user" : "systemctl";
  return [
    ...commands.map((command) => command.join(" ")),
    `${manager} daemon-reload`,
    ...(enables.length > 0 ? [`${manager} enable ${enables.join(" ")}`] : []),
  ];
}

/** The user first: the directories are given to it. */
export function accountCommands({ layout, root }: InstallPlace): readonly (readonly string[])[] {
  const { sysusersDirectory, tmpfilesDirectory } = layout;
  if (root !== "") return [];
  return [
    ...(sysusersDirectory === undefined
      ? []
      : [["systemd-sysusers", join(sysusersDirectory, "kloros.conf")]]),
    ...(tmpfilesDirectory === undefined
      ? []
      : [["systemd-tmpfiles", "--create", join(tmpfilesDirectory, "kloros.conf")]]),
  ];
}

/** Optional services belong to a new installation. In an adopted home the old ones still do their work: `migrate` decides. */
export function enabledAtFirst({ place, linkIsNew, description }: InstallPlan): readonly string[] {
  const adopted = place.home.kind === "legacy" || place.home.kind === "foreign";
  return linkIsNew && !adopted && !existsSync(join(place.root, place.layout.state, "journal.db"))
    ? description.enabled
    : [];
}
