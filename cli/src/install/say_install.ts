/** What `kloros install` tells. */
import type { Session } from "../session.ts";
import type { CommonFlags } from "../shared_options.ts";
import { accountNames } from "./account_names.ts";
import { findOldProcesses, findOldUnits, oldSystemNotes } from "./find_old_system.ts";
import { hasOwnHome, type InstallPlan, isComplete } from "./plan_install.ts";
import { fileLines, shownFiles } from "./show_plan.ts";
import { systemdCommands, type Told } from "./tell_systemd.ts";

export interface SaidPlan {
  readonly release: string;
  readonly version: string;
  readonly mode: "system" | "user";
  readonly root: string;
  readonly layout: InstallPlan["place"]["layout"];
  /** What the home is before this. */
  readonly home: { readonly path: string; readonly kind: string; readonly why: string };
  readonly complete: boolean;
  readonly files: ReturnType<typeof shownFiles>;
  /** What systemd will be told. */
  readonly commands: readonly string[];
  readonly notes: readonly string[];
}

export function describePlan(plan: InstallPlan): SaidPlan {
  const { place, release } = plan;
  const { layout, root, home } = place;
  return {
    release: release.id,
    version: release.version,
    mode: layout.mode,
    root,
    layout,
    home: { path: layout.home, kind: home.kind, why: home.why },
    complete: isComplete(plan),
    files: shownFiles(plan, ownerText()),
    commands: systemdCommands(plan, { manager: plan.place.root === "" }).map((command) => command.join(" ")),
    notes: notesOf(plan),
  };
}

function ownerText(): string {
  const ids = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  try {
    const { user, group } = accountNames(ids, "");
    return `${user}:${group}`;
  } catch {
    return `${ids.uid}:${ids.gid}`;
  }
}

function notesOf({ place }: InstallPlan): readonly string[] {
  const { layout, root, home } = place;
  const adopted =
    home.kind === "legacy" || home.kind === "foreign"
      ? [
          `${layout.home} was not made by this software (${home.why}): nothing in it is changed, and services open it in observe ` +
            `mode, as ${layout.user ?? "this user"}. They act when [kloros] mode = "act" is set in ${layout.configFile}`,
        ]
      : [];
  if (root !== "" || layout.mode === "user") return adopted;
  return [...adopted, ...oldSystemNotes({ units: findOldUnits(), processes: findOldProcesses() })];
}

export async function printPlan<Flags extends CommonFlags>(
  session: Session<Flags>,
  said: SaidPlan,
): Promise<void> {
  const { palette } = session;
  const whom = said.mode === "user" ? "for this user" : "for the whole machine";
  await session.print(
    palette.strong(`KLoROS ${said.release} ${whom}, with its home in ${said.layout.home}`),
    ...(said.root === "" ? [] : [`into the image ${said.root}`]),
    "",
    ...fileLines(said.files, palette),
    ...(said.commands.length === 0 ? [] : ["", "then:", ...said.commands.map((text) => `  ${text}`)]),
    ...(said.notes.length === 0 ? [] : ["", ...said.notes.map((text) => palette.warn(text))]),
    "",
  );
}

export async function printEnd<Flags extends CommonFlags>(
  session: Session<Flags>,
  { place }: InstallPlan,
  { untold, noManager }: Told & { readonly noManager: string | undefined },
): Promise<void> {
  const user = place.layout.mode === "user";
  const manager = user ? "systemctl --user" : "sudo systemctl";
  await session.print(session.palette.good("installed"));
  if (noManager !== undefined) {
    await session.print(`systemd was not told: ${noManager}`, ...untold);
    if (place.root !== "") return;
  }
  if (!hasOwnHome(place)) {
    await session.print(
      "go over to it, phase by phase:    sudo kloros migrate status, then sudo kloros migrate next",
      "check what is installed:          sudo kloros install verify",
    );
    return;
  }
  await session.print(
    `start it, now and at every boot:  ${manager} enable --now kloros.target`,
    `look at it:                       ${user ? "" : "sudo "}kloros status`,
    `check what is installed:          ${user ? "" : "sudo "}kloros install verify${user ? " --user" : ""}`,
  );
}
