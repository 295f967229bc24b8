/** The services' user, and the directories that must be there before the first start: a sandbox cannot name what is missing. */
import { dirname, join } from "node:path";
import type { Installation } from "@kloros/daemon";
import type { InstallLayout } from "./layout.ts";
import { isInside, partsOf } from "./unit_paths.ts";
import { safePath, sourceNote } from "./unit_text.ts";

export function sysusersFile({ user, home }: InstallLayout): string {
  const lines = [sourceNote("cli/src/units"), `u ${user ?? "kloros"} - "KLoROS services" ${safePath(home)}`];
  return `${lines.join("\n")}\n`;
}

/** `:`: what is there keeps its owner and mode, it may belong to an installation that was adopted. */
export function tmpfilesFile(layout: InstallLayout, paths: Installation): string {
  const user = layout.user ?? "kloros";
  const group = layout.group ?? user;
  const wanted = [...partsOf(paths), paths.logs].flatMap((path) => withParents(path, dirname(paths.home)));
  const lines = [...new Set(wanted)]
    .toSorted()
    .map((path) => `d ${safePath(path)} :${modeOf(path, paths)} :${user} :${group} -`);
  return `${[sourceNote("cli/src/units"), ...lines, ...marker(layout, paths)].join("\n")}\n`;
}

/** A home below /var/lib is made for this software: it is its own from the start, whatever is put there before the first one. */
function marker(
  { home, user = "kloros", group = user }: InstallLayout,
  { state }: Installation,
): readonly string[] {
  if (!isInside(home, "/var/lib") || state !== join(home, "state")) return [];
  const text = JSON.stringify({ software: "kloros", made_by: "systemd-tmpfiles" });
  return [`f ${state}/created_by.json :0600 :${user} :${group} - ${text}`];
}

/**
 * The directories above it too, up to the one that the home lies in: of an adopted installation some parts lie beside the
 * home. One that systemd-tmpfiles made by itself would be root's, and it refuses to go through that below a user's directory.
 */
function withParents(path: string, top: string): readonly string[] {
  const parent = dirname(path);
  return isInside(parent, top) ? [...withParents(parent, top), path] : [path];
}

/** Nobody but the services looks at their state; source and logs are shown to their group. */
function modeOf(path: string, { state }: Installation): string {
  return path === state ? "0700" : "0750";
}
