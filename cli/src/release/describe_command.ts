/** `kloros release describe`: asked by an installer of another version. Hidden: people read `kloros --version`. */
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { Failure } from "../exit_codes.ts";
import { performing, type Session } from "../session.ts";
import type { CommonFlags } from "../shared_options.ts";
import { SERVICE_NAMES } from "../multicall/service_names.ts";
import { DREAM_RUNNER } from "../multicall/called_service.ts";
import { type InstallLayout, SYSTEM_LAYOUT } from "../units/layout.ts";
import type { ReleaseDescription } from "./release_description.ts";

interface DescribeFlags extends CommonFlags {
  readonly layout?: string;
}

export function describeCommand(release: Command, environment: Environment): void {
  release
    .command("describe", { hidden: true })
    .description("Describes this program as a release, with the units for a layout, as JSON.")
    .option("--layout <json>", "where it is, or will be, installed (default: system-wide)")
    .action(performing<DescribeFlags>(environment, describe));
}

async function describe(session: Session<DescribeFlags>): Promise<undefined> {
  const [{ renderUnits }, { OPTIONAL_UNITS }, { FIRST_CONFIG }, { JOURNAL_SCHEMA }] = await Promise.all([
    import("../units/render_units.ts"),
    import("../units/target_unit.ts"),
    import("../install/planned_files.ts"),
    import("@kloros/journal"),
  ]);
  const description: ReleaseDescription = {
    format: 1,
    version: session.environment.version,
    programs: [...SERVICE_NAMES, DREAM_RUNNER],
    journal: JOURNAL_SCHEMA,
    units: renderUnits(readLayout(session.flags.layout)),
    enabled: OPTIONAL_UNITS,
    config: FIRST_CONFIG,
  };
  await session.printJson(description);
}

function readLayout(text: string | undefined): InstallLayout {
  if (text === undefined) return SYSTEM_LAYOUT;
  try {
    return JSON.parse(text) as InstallLayout;
  } catch (error) {
    throw new Failure("usage", `--layout ${text} is no JSON: ${String(error)}`, { cause: error });
  }
}
