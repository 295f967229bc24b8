import type { Manifest } from "@kloros/daemon";
import {
  DeploymentComplete,
  DeploymentFailed,
  DreamComplete,
  WinnerDecided,
  WinnerDecision,
  WinnerDeployed,
} from "@kloros/signal-schema";
import { Type } from "@sinclair/typebox";
import type { Static } from "@sinclair/typebox";
import { DEFAULT_ALLOWED } from "./allow_list.ts";
import { DEFAULT_GUARDRAILS } from "./guardrails.ts";

const command = (description: string) =>
  Type.Array(Type.String({ minLength: 1 }), { default: [], maxItems: 64, description });

const COMMAND_MS = { minimum: 100, maximum: 900_000 } as const;

export const config = Type.Object({
  autonomyLevel: Type.Integer({
    default: -1,
    minimum: -1,
    maximum: 9,
    description:
      "How much the system may do by itself. -1: what KLR_AUTONOMY_LEVEL says in this process's own environment, 0 without it. Never read from the file that is written.",
  }),
  neededAutonomyLevel: Type.Integer({
    default: 2,
    minimum: 0,
    maximum: 10,
    description: "Below this level a winner is held until a person approves it.",
  }),
  guardrails: Type.Array(
    Type.Object({
      metric: Type.String({ minLength: 1 }),
      min: Type.Optional(Type.Number()),
      max: Type.Optional(Type.Number()),
    }),
    {
      default: DEFAULT_GUARDRAILS,
      maxItems: 64,
      description: "Bounds of metrics. A metric that a winner does not have violates nothing.",
    },
  ),
  allow: Type.Array(
    Type.Object({
      key: Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]*$" }),
      type: Type.Union(
        (["integer", "number", "boolean", "string", "integers"] as const).map((one) => Type.Literal(one)),
      ),
      min: Type.Optional(Type.Number()),
      max: Type.Optional(Type.Number()),
      values: Type.Optional(Type.Array(Type.String(), { maxItems: 64 })),
    }),
    {
      default: DEFAULT_ALLOWED,
      maxItems: 256,
      description:
        "The only keys that winners may set, with type and bounds; `integers` takes a list, joined by commas. KLR_AUTONOMY_LEVEL and KLOROS_* never count.",
    },
  ),
  reloadCommand: command("Program and arguments that make the new values take effect. Empty: none."),
  reloadTimeoutMs: Type.Integer({ default: 60_000, ...COMMAND_MS, description: "What reloading may take." }),
  validationCommand: command(
    "Program and arguments that exit with 0 when the system works with the new values. Empty: none.",
  ),
  validationTimeoutMs: Type.Integer({
    default: 60_000,
    ...COMMAND_MS,
    description: "What validation may take.",
  }),
  lockTimeoutMs: Type.Integer({
    default: 10_000,
    minimum: 1,
    maximum: 25_000,
    description: "How long another writer of the environment file is waited for before it is tried again.",
  }),
  backupsMax: Type.Integer({
    default: 20,
    minimum: 1,
    maximum: 1000,
    description: "Backups of the environment file that are kept, the newest ones.",
  }),
  rememberMax: Type.Integer({
    default: 200,
    minimum: 1,
    maximum: 1000,
    description: "Winners that are remembered; the oldest are forgotten first.",
  }),
});

export type DeployerConfig = Static<typeof config>;

export const manifest = {
  name: "winner-deployer",
  purpose: "Deploys what D-REAM won to the live configuration, and takes it back when it does not work.",
  consumes: [DreamComplete, WinnerDecision],
  emits: [WinnerDeployed, DeploymentFailed, DeploymentComplete, WinnerDecided],
  config,
  decisions: [
    "Only winners of a successful cycle are looked at; each cycle is answered by one Q_DEPLOYMENT_COMPLETE.",
    "A winner is usable when it has a fitness and metrics; one that was deployed, rejected or taken back before is skipped.",
    "Its metrics must keep the guardrails; each of its parameters maps to a key that is on the allow-list, with a value of that key's type.",
    "Below the needed autonomy level it is held until a person approves it.",
    "The environment file is backed up, replaced as a whole, read back; the reload and the validation command must succeed.",
    "Otherwise the file is put back byte for byte, or, when somebody else changed it meanwhile, only the keys that were set.",
    "A person may approve (not around guardrails and allow-list), reject, or take back a winner; what was taken back is deployed again only when approved.",
    "In maintenance mode cycles and decisions wait.",
  ],
  reads: ["dreamConfig", "environmentFile", "winnerState"],
  writes: ["environmentFile", "winnerState", "dreamArtifacts", "state"],
} as const satisfies Manifest<typeof config>;
