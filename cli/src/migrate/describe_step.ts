/** Steps in words, with the very commands. Pure. */
import { unitName } from "../units/service_unit.ts";
import { type MigrateSettings, shareCommands } from "./migrate_config.ts";
import { MIGRATED, type Role, type Share } from "./phases.ts";
import { ROLE_FILE } from "./role_file.ts";
import type { Step, StepOf } from "./steps.ts";

export interface StepText {
  readonly text: string;
  /** What one would type instead; empty where nothing is run. */
  readonly commands: readonly string[];
}

export interface DescribeOptions {
  readonly mode: "system" | "user";
  readonly settings: MigrateSettings;
  readonly files: readonly string[];
}

const WHAT: Readonly<Record<Share, string>> = {
  intents: "intents and modules",
  everything: "everything",
};

const ROLES: Readonly<Record<Role | "none", string>> = {
  act: "may act",
  observe: "may observe only",
  waits: "not started yet",
  none: "nothing any more",
};

/** By what they may do, for it is the same for many. */
function rolesText({ roles }: StepOf<"roles">): string {
  return (["act", "observe", "waits", "none"] as const)
    .map(
      (role) =>
        [
          role,
          MIGRATED.filter((one) => roles[one] !== undefined && (roles[one] ?? "none") === role),
        ] as const,
    )
    .filter(([, services]) => services.length > 0)
    .map(([role, services]) => `${services.join(", ")}: ${ROLES[role]}`)
    .join("; ");
}

export function describeStep(step: Step, options: DescribeOptions): StepText {
  const manager = options.mode === "user" ? "systemctl --user" : "systemctl";
  switch (step.kind) {
    case "at-boot":
      return {
        text: step.on ? "comes up with the machine" : "does not come up with the machine any more",
        commands: [`${manager} ${step.on ? "enable" : "disable"} kloros.target`],
      };
    case "roles":
      return {
        text: `drop-ins ${ROLE_FILE} say: ${rolesText(step)}`,
        commands: [`${manager} daemon-reload`],
      };
    case "start":
      return {
        text: `${step.service} starts and says that it ${step.role}s`,
        commands: [
          `${manager} enable ${unitName(step.service)}`,
          `${manager} restart ${unitName(step.service)}`,
        ],
      };
    case "stop":
      return { text: `${step.service} stops`, commands: [`${manager} stop ${unitName(step.service)}`] };
    case "retire":
      return {
        text: `not running, and not coming up with the machine: ${step.services.join(", ")}`,
        commands: [`${manager} disable --now ${step.services.map(unitName).join(" ")}`],
      };
    case "drain":
      return {
        text: `what was taken up is finished by ${step.services.join(", ")}${step.hasty === true ? ", or stays in the journal" : ""}`,
        commands: [],
      };
    case "hands-empty":
      return { text: "no intent is left in the router's hands", commands: [] };
    default:
      return describeOld(step, options);
  }
}

type OldStep = Extract<Step, { kind: `old-${string}` | `put-${string}` }>;

function describeOld(step: OldStep, { settings, files }: DescribeOptions): StepText {
  if (step.kind === "put-aside")
    return { text: `files of the old side go to ${step.backup}`, commands: [...files] };
  if (step.kind === "put-back")
    return { text: `files of the old side come back from ${step.backup}`, commands: [] };
  const { enable, disable, probe } = shareCommands(settings, step.share);
  const what = WHAT[step.share];
  const texts: Readonly<Record<typeof step.kind, StepText>> = {
    "old-off": { text: `the old side stops doing ${what}`, commands: disable },
    "old-at-rest": { text: "its last run ends", commands: [probe] },
    "old-on": { text: `the old side does ${what} again`, commands: enable },
    "old-works": { text: "the old side is seen to be on", commands: [probe] },
  };
  return texts[step.kind];
}
