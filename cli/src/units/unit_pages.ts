/** The units of a standard installation, as the reference shows them: path from the project's root → content. */
import { basename, dirname, join } from "node:path";
import { type InstallLayout, SYSTEM_LAYOUT, userLayout } from "./layout.ts";
import { renderUnits } from "./render_units.ts";

const FOLDER = "docs/reference/systemd";

export function unitPages(): ReadonlyMap<string, string> {
  const user = userLayout("/home/kloros", { XDG_RUNTIME_DIR: "/run/user/1000" });
  return new Map([...pagesOf(SYSTEM_LAYOUT), ...pagesOf(user)]);
}

/** `system/…`, and `sysusers.d/…` as it lies in /etc. */
function pagesOf(layout: InstallLayout): readonly (readonly [string, string])[] {
  return renderUnits(layout).map(({ path, text }) => {
    const folder = dirname(path) === layout.unitDirectory ? layout.mode : basename(dirname(path));
    return [join(FOLDER, folder, basename(path)), text] as const;
  });
}
