/**
 * Carries a plan out. Every step leaves what an interrupted run can go on from, in this order: the release, copies of
 * what is somebody else's, the note of what is about to be written (what stands in it is ours to write over and to take away),
 * the files, what systemd is told, and last the link that makes it current: until then it is a first
 * installation, with what belongs to one.
 */
import { join } from "node:path";
import { addRelease, writeError } from "../release/add_release.ts";
import type { Systemctl } from "../systemctl.ts";
import { applyFiles } from "./apply_files.ts";
import { keepAside } from "./keep_aside.ts";
import { tellSystemd, type Told } from "./tell_systemd.ts";
import { recordedPaths } from "./planned_file.ts";
import { writeRecord } from "./installation_record.ts";
import { hasOwnHome, type InstallPlan, refuseForeign } from "./plan_install.ts";

export interface ApplyInstall {
  /** Undefined: nobody is told (an image, or a machine without systemd). */
  readonly systemctl: Systemctl | undefined;
  /** Somebody else's files are moved aside. */
  readonly replace: boolean;
}

/** Returns what was told to systemd. Throws `Failure`. */
export async function applyInstall(plan: InstallPlan, options: ApplyInstall): Promise<Told> {
  const { place, store, release, program, files } = plan;
  if (!options.replace) refuseForeign(files, "install");
  await addRelease(store, program, release);
  keepForeign(plan);
  await noteFiles(plan);
  await applyFiles(files, {
    root: place.root,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  });
  const told = await tellSystemd(plan, options.systemctl);
  if (plan.linkIsNew) store.switchTo("current", release.id);
  return told;
}

function keepForeign({ place, files }: InstallPlan): void {
  for (const { planned, state } of files) {
    if (state !== "foreign") continue;
    try {
      keepAside(planned.path, place);
    } catch (error) {
      throw writeError(error, join(place.root, planned.path));
    }
  }
}

async function noteFiles({ place, files }: InstallPlan): Promise<void> {
  const { base, layout, record } = place;
  try {
    await writeRecord(base, {
      format: 1,
      layout,
      ownHome: hasOwnHome(place),
      files: [...new Set([...(record?.files ?? []), ...recordedPaths(files)])].toSorted(),
    });
  } catch (error) {
    throw writeError(error, base);
  }
}
