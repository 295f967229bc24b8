/** The units of an installation, made from its layout and the services' manifests. */
import { join } from "node:path";
import { SERVICE_NAMES } from "../multicall/service_names.ts";
import type { InstallLayout } from "./layout.ts";
import type { UnitFile } from "./unit_file.ts";

export function renderUnits(layout: InstallLayout): readonly UnitFile[] {
  return SERVICE_NAMES.map((name) => ({
    path: join(layout.unitDirectory, `kloros-${name}.service`),
    text: `[Service]\nType=notify\nExecStart=${join(layout.programs, name)}\n`,
    mode: 0o644,
  }));
}
