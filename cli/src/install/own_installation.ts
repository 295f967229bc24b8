/** The installation that this program belongs to, so that `kloros status` finds it from anywhere. */
import { dirname, join } from "node:path";
import type { InstallLayout } from "../units/layout.ts";
import { isCompiled } from "../up/service_command.ts";
import { readRecord } from "./installation_record.ts";

/** From `<base>/releases/<id>/bin/kloros`, or the Debian package's `<base>/bin/kloros`, up to what was written down in `<base>`. */
const UP = ["../../..", ".."];

/** Undefined: it runs from source, or from where it was built. */
export function ownInstallation(executable: string = process.execPath): InstallLayout | undefined {
  if (!isCompiled() && executable === process.execPath) return undefined;
  const bases = UP.map((up) => join(dirname(executable), up));
  return bases.map(readable).find((layout) => layout !== undefined);
}

/** One that cannot be read is told by `install verify`, not by every command. */
function readable(base: string): InstallLayout | undefined {
  try {
    return readRecord(base)?.layout;
  } catch {
    return undefined;
  }
}
