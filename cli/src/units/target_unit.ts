/** What starts and stops them all. */
import { SERVICE_NAMES } from "../multicall/service_names.ts";
import type { InstallLayout } from "./layout.ts";
import { SERVICE_NEEDS } from "./service_needs.ts";
import { unitName } from "./service_unit.ts";
import { section, unitText } from "./unit_text.ts";

export function targetUnit({ mode }: InstallLayout): string {
  const always = SERVICE_NAMES.filter((name) => SERVICE_NEEDS[name].optional !== true);
  const optional = SERVICE_NAMES.filter((name) => SERVICE_NEEDS[name].optional === true);
  return unitText("cli/src/units", [
    section("Unit", [
      ["Description", "KLoROS: the chemical bus and its services"],
      ["Documentation", "man:systemd.target(5)"],
      ...always.map((name) => ["Wants", unitName(name)] as const),
      "A bus that cannot start keeps its clients waiting. Neither a boot nor a command waits with them for ever; they go on.",
      ["JobTimeoutSec", "5min"],
      `Also part of it while they are enabled: ${optional.map(unitName).join(", ")}.`,
    ]),
    section("Install", [["WantedBy", mode === "system" ? "multi-user.target" : "default.target"]]),
  ]);
}

/** Units that `systemctl enable` makes part of the target; a new installation enables them. */
export const OPTIONAL_UNITS: readonly string[] = SERVICE_NAMES.filter(
  (name) => SERVICE_NEEDS[name].optional === true,
).map(unitName);
