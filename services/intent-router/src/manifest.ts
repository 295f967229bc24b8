/** What the intent-router is, as data. */
import { Type } from "@sinclair/typebox";
import {
  CuriosityInvestigate,
  HealthAlert,
  IntegrationFix,
  IntentReady,
  RunScanner,
  SpicaSpawn,
  WorkflowSuggested,
} from "@kloros/signal-schema";
import type { Manifest } from "@kloros/daemon";
import { BUILT_IN_TYPES, TARGETS } from "./mapping_table.ts";
import type { MappingTable } from "./mapping_table.ts";

/** A pattern, not a union: its error names what is allowed. */
const target = Type.String({ pattern: `^(${TARGETS.join("|")})$` });

const config = Type.Object({
  types: Type.Unsafe<MappingTable>(
    Type.Record(Type.String({ minLength: 1 }), target, {
      default: BUILT_IN_TYPES,
      description:
        "Intent type → signal, or `reject`. `*` at the end matches by prefix; the longest match wins. Entries are laid over the built-in ones.",
    }),
  ),
  scanIntervalMs: Type.Integer({
    default: 1000,
    minimum: 50,
    maximum: 600_000,
    description: "How often the directory is listed without a hint from the kernel, ms.",
  }),
  quietMs: Type.Integer({
    default: 2000,
    minimum: 50,
    maximum: 3_600_000,
    description: "An unfinished file that was not written to for so long is rejected, ms.",
  }),
  rejectedIntervalMs: Type.Integer({
    default: 5000,
    minimum: 50,
    maximum: 3_600_000,
    description: "How often rejected files are looked at for changes without a hint from the kernel, ms.",
  }),
  rejectedFilesMax: Type.Integer({
    default: 20_000,
    minimum: 1,
    description: "Rejected files watched for changes; more are kept, but not watched.",
  }),
  fileBytesMax: Type.Integer({
    default: 256 * 1024,
    minimum: 1024,
    maximum: 256 * 1024,
    description: "Larger files are rejected, bytes; a signal may have 256 KiB.",
  }),
  batchFiles: Type.Integer({
    default: 200,
    minimum: 1,
    maximum: 250,
    description: "Files published together.",
  }),
});

export type RouterConfig = typeof config;

export const manifest: Manifest<RouterConfig> = {
  name: "intent-router",
  purpose: "Turns legacy intent files into signals: each file once, urgent ones first, none lost.",
  consumes: [],
  emits: [
    IntentReady,
    CuriosityInvestigate,
    IntegrationFix,
    SpicaSpawn,
    RunScanner,
    HealthAlert,
    WorkflowSuggested,
  ],
  config,
  decisions: [
    "A file's content names its type (`type`, or if empty `intent_type`); the table `types` says which signal that is.",
    "A type that the table does not know, with a non-empty question, is a generic question and is investigated.",
    "A file that does not parse is left alone until it does, or has been quiet for `quietMs`; then it is rejected.",
    "A rejected file becomes a dead letter with its content and moves to intents/rejected/; when it is changed there, it is looked at again.",
    "Files are routed by priority, then by age; a critical or high newcomer overtakes whatever waits.",
    "A file is removed when the bus has stored its signal, and only if it is still the file that was read.",
  ],
  reads: ["intents", "intentsRejected", "maintenanceMarker"],
  writes: ["intents", "intentsRejected"],
};
