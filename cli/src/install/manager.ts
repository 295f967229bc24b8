/** The systemd that an installation is for, when one can be talked to. */
import { Systemctl } from "../systemctl.ts";
import type { InstallPlace } from "./choose_place.ts";

export interface Manager {
  readonly systemctl: Systemctl | undefined;
  /** Why there is none; undefined: there is one. */
  readonly why: string | undefined;
}

export async function managerOf(
  { layout, root }: Pick<InstallPlace, "layout" | "root">,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Manager> {
  if (root !== "")
    return { systemctl: undefined, why: "an image: its own systemd finds the units when it boots" };
  const systemctl = new Systemctl({ mode: layout.mode, env });
  const why = await systemctl.missing();
  return { systemctl: why === undefined ? systemctl : undefined, why };
}
