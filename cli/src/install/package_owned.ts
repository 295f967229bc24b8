/** Where the files are dpkg's, dpkg's tools change them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../exit_codes.ts";

/** Where the Debian package keeps its programs. */
export const PACKAGE_BASE = "/usr/lib/kloros";

export function isPackageInstalled(root = ""): boolean {
  return existsSync(join(root, PACKAGE_BASE, "bin/kloros"));
}

/** Throws `Failure` when the package is there. `wanted`: what was asked for, as a word. */
export function refusePackaged(wanted: keyof typeof INSTEAD, root = ""): void {
  if (!isPackageInstalled(root)) return;
  throw new Failure(
    "negative",
    `${join(root, PACKAGE_BASE)} belongs to the Debian package kloros, so dpkg does this: ${INSTEAD[wanted]}`,
  );
}

const INSTEAD = {
  install:
    "it is installed already; remove it with `sudo apt remove kloros` first, or install for one user with --user",
  upgrade:
    "`sudo apt install ./kloros_<version>_<architecture>.deb` puts the new one in place and starts it, the bus first",
  rollback:
    "`sudo apt install --allow-downgrades ./kloros_<older version>_<architecture>.deb`. When `kloros journal version` shows a version that the older " +
    "program does not know, first: `sudo systemctl stop kloros.target kloros-chemical-bus && sudo -u kloros kloros journal downgrade --to N`",
  uninstall: "`sudo apt remove kloros` leaves settings and data, `sudo apt purge kloros` only the data",
} as const;
