import { Failure } from "../exit_codes.ts";
import { choosePlace, type InstallPlace, type PlaceRequest } from "../install/choose_place.ts";
import { refusePackaged } from "../install/package_owned.ts";
import type { Session } from "../session.ts";
import type { CommonFlags } from "../shared_options.ts";

/** The installation that `upgrade`, `rollback` and `uninstall` are about. Throws `Failure` when dpkg owns it, or when there is none. */
export function installedPlace<Flags extends CommonFlags & PlaceRequest>(
  { flags, environment }: Session<Flags>,
  wanted: "upgrade" | "rollback" | "uninstall",
): InstallPlace {
  const { user, root } = flags;
  const place = choosePlace(
    { ...(user === undefined ? {} : { user }), ...(root === undefined ? {} : { root }) },
    environment,
  );
  if (place.record !== undefined) return place;
  if (user !== true) refusePackaged(wanted, root);
  const how = wanted === "uninstall" ? "" : `; \`kloros install${user === true ? " --user" : ""}\` does that`;
  throw new Failure("negative", `nothing is installed in ${place.base}${how}`);
}
