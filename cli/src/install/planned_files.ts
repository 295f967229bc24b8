/** All files of an installation outside its releases, in the order in which they are written. Pure. */
import { basename, join } from "node:path";
import type { InstallLayout } from "../units/layout.ts";
import type { ReleaseDescription } from "../release/release_description.ts";
import { PROGRAM } from "../release/release_store.ts";
import type { PlannedFile } from "./planned_file.ts";

export function plannedFiles(
  layout: InstallLayout,
  { units, config: text }: Pick<ReleaseDescription, "units" | "config">,
): readonly PlannedFile[] {
  const { configFile, programs } = layout;
  const config: readonly PlannedFile[] =
    layout.mode === "user"
      ? []
      : [
          {
            kind: "file",
            path: configFile,
            text,
            mode: 0o644,
            operators: true,
            why: "settings: yours, never written again",
          },
        ];
  const command: PlannedFile = {
    kind: "link",
    path: commandLink(layout),
    target: join(programs, PROGRAM),
    why: "the command, in PATH",
  };
  return [
    ...units.map(({ path, text, mode }): PlannedFile => {
      return { kind: "file", path, text, mode, operators: false, why: whyOf(path, layout) };
    }),
    ...config,
    command,
  ];
}

/** `~/.local/bin` beside `~/.local/lib` for one user. */
export function commandLink({ mode, programs }: Pick<InstallLayout, "mode" | "programs">): string {
  const inUserBin = join(programs, "../../../../bin", PROGRAM);
  return mode === "user" ? inUserBin : join("/usr/local/bin", PROGRAM);
}

function whyOf(path: string, { sysusersDirectory, tmpfilesDirectory }: InstallLayout): string {
  if (sysusersDirectory !== undefined && path.startsWith(`${sysusersDirectory}/`))
    return "the user that the services run as";
  if (tmpfilesDirectory !== undefined && path.startsWith(`${tmpfilesDirectory}/`))
    return "directories of the data, and whose they are";
  const name = basename(path);
  return name.endsWith(".target")
    ? "starts and stops all of them"
    : `how systemd runs ${name.replace(/^kloros-|\.service$/g, "")}`;
}

/** Where the installation lies is not said here: units and command know it. */
export const FIRST_CONFIG = `# Settings of KLoROS on this machine. Written once by the installation, yours since: nothing writes here again.
# What can be set, with defaults: kloros describe <service>; and for all of them docs/reference/services.md.
# The home's own kloros.toml goes before this file.

[kloros]
# logLevel = "info"
# mode = "observe"
`;
