/** The units of an installation, made from its layout and the services' manifests. */
import { join } from "node:path";
import { SERVICE_NAMES } from "../multicall/service_names.ts";
import { sysusersFile, tmpfilesFile } from "./account_files.ts";
import type { InstallLayout } from "./layout.ts";
import { MANIFESTS } from "./manifests.ts";
import { serviceUnit, TARGET, unitName } from "./service_unit.ts";
import { targetUnit } from "./target_unit.ts";
import type { UnitFile } from "./unit_file.ts";
import { pathsOf } from "./unit_paths.ts";

const MODE = 0o644;

/** Throws when the layout cannot be expressed: a path with a blank in it, a state directory outside /var/lib. */
export function renderUnits(layout: InstallLayout): readonly UnitFile[] {
  const paths = pathsOf(layout);
  const units = SERVICE_NAMES.map((name) => ({
    path: join(layout.unitDirectory, unitName(name)),
    text: serviceUnit(name, MANIFESTS[name], layout, paths),
    mode: MODE,
  }));
  const target = { path: join(layout.unitDirectory, TARGET), text: targetUnit(layout), mode: MODE };
  const accounts = [
    file(layout.sysusersDirectory, () => sysusersFile(layout)),
    file(layout.tmpfilesDirectory, () => tmpfilesFile(layout, paths)),
  ].flat();
  return [...units, target, ...accounts];
}

function file(directory: string | undefined, text: () => string): readonly UnitFile[] {
  if (directory === undefined) return [];
  return [{ path: join(directory, "kloros.conf"), text: text(), mode: MODE }];
}
