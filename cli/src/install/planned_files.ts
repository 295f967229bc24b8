/** All files of an installation outside its releases, in the order in which they are written. Pure. */
import { basename, join } from "node:path";
import { HOME_MARKER } from "@kloros/daemon";
import type { InstallLayout } from "../units/layout.ts";
import type { ReleaseDescription } from "../release/release_description.ts";
import { PROGRAM } from "../release/release_store.ts";
import type { PlannedFile } from "./planned_file.ts";

/** `ownHome`: the home is this software's own, or is to be made. */
export function plannedFiles(
  layout: InstallLayout,
  { units, config }: Pick<ReleaseDescription, "units" | "config">,
  { ownHome }: { readonly ownHome: boolean },
): readonly PlannedFile[] {
  return [
    // For the whole machine, systemd-tmpfiles makes them, and gives them to the services' user.
    ...(layout.mode === "user" && ownHome ? homeOf(layout) : []),
    ...units.map(({ path, text, mode }): PlannedFile => {
      return { kind: "file", path, text, mode, operators: false, why: whyOf(path, layout) };
    }),
    ...(layout.mode === "user" ? [] : [settings(layout.configFile, config)]),
    {
      kind: "link",
      path: commandLink(layout),
      target: join(layout.programs, PROGRAM),
      why: "the command, in PATH",
    },
  ];
}

function settings(path: string, text: string): PlannedFile {
  return {
    kind: "file",
    path,
    text,
    mode: 0o644,
    operators: true,
    why: "settings: yours, never written again",
  };
}

/** What the services must find: their home with the mark that it is their own, and the source tree that they look at. */
function homeOf({ home, state, source }: InstallLayout): readonly PlannedFile[] {
  const directory = (path: string, why: string): PlannedFile => ({
    kind: "directory",
    path,
    mode: 0o700,
    why,
  });
  return [
    directory(home, "the home: all data"),
    directory(state, "the journal"),
    {
      kind: "file",
      path: join(home, HOME_MARKER),
      text: `${JSON.stringify({ software: "kloros", made_by: "kloros install" })}\n`,
      mode: 0o600,
      operators: true,
      why: "says that the home is ours to work in",
    },
    directory(join(home, "intents"), "intents that come as files"),
    directory(source, "the source tree that is looked at"),
    directory(join(source, "registry"), "what is registered of it"),
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
