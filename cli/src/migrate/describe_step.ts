/** Steps in words, with the very commands. Pure. */
import { unitName } from "../units/service_unit.ts";
import { type MigrateSettings, shareCommands } from "./migrate_config.ts";
import type { Share } from "./phases.ts";
import { roleFilePath } from "./role_file.ts";
import type { Step } from "./steps.ts";

export interface StepText {
  readonly text: string;
  /** What one would type instead; empty where nothing is run. */
  readonly commands: readonly string[];
}

export interface DescribeOptions {
  readonly mode: "system" | "user";
  readonly unitDirectory: string;
  readonly settings: MigrateSettings;
  readonly files: readonly string[];
}

const WHAT: Readonly<Record<Share, string>> = {
  intents: "intents and modules",
  everything: "everything",
};

const ROLES = { act: "may act", observe: "may observe only", waits: "is not started yet" } as const;

export function describeStep(step: Step, options: DescribeOptions): StepText {
  const manager = options.mode === "user" ? "systemctl --user" : "systemctl";
  switch (step.kind) {
    case "at-boot":
      return {
        text: step.on ? "comes up with the machine" : "does not come up with the machine any more",
        commands: [`${manager} ${step.on ? "enable" : "disable"} kloros.target`],
      };
    case "role":
      return {
        text:
          step.role === undefined
            ? `nothing is said about ${step.service} any more: its drop-in goes`
            : `${step.service} ${ROLES[step.role]}: ${roleFilePath(options.unitDirectory, step.service)}`,
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
        text: `${step.service} stops, and does not come up any more`,
        commands: [`${manager} disable --now ${unitName(step.service)}`],
      };
    case "drain":
      return { text: `what was taken up is finished by ${step.services.join(", ")}`, commands: [] };
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
