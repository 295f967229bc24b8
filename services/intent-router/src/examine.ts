/** One look at one waiting file, with the decision and the identity that follow from it. */
import { deriveRootId } from "@kloros/signal-schema";
import { decideIntent } from "./decide.ts";
import type { Rules, Step } from "./decide.ts";
import type { FileLook } from "./file_look.ts";
import { intentName } from "./intent_directory.ts";
import type { IntentDirectory } from "./intent_directory.ts";
import { rankOf } from "./priority.ts";
import { digestOf } from "./rejected_directory.ts";

export interface Examined {
  readonly path: string;
  readonly look: FileLook;
  readonly step: Step;
}

export type Examination = Examined | { readonly path: string; readonly absent: "gone" | "other" } | Denied;

interface Denied {
  readonly path: string;
  readonly denied: string;
}

export interface ExamineOptions {
  readonly rules: Rules;
  /** For how long the file has been seen with this signature, ms. */
  readonly quietMs: (signature: string) => number;
}

export function examine(directory: IntentDirectory, path: string, options: ExamineOptions): Examination {
  const look = directory.look(path);
  if (look.kind === "denied") return { path, denied: look.reason };
  if (look.kind !== "file") return { path, absent: look.kind };
  const step = decideIntent({ ...look, quietMs: options.quietMs(look.signature) }, options.rules);
  return { path, look, step };
}

/** Rejected files take their turn among the low ones: they hold nothing up. */
export function rankOfStep(step: Step): number {
  return rankOf(step.kind === "route" ? step.priority : "low");
}

/** RFC 3339 ends with the year 9999; files may claim anything. */
const YEAR_9999_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

export function writtenMsOf(look: FileLook): number {
  return Math.min(Math.max(look.writtenMs, 0), YEAR_9999_MS);
}

/** Name, content and modification time: a crash before the removal repeats it, a writer that reuses a name does not. */
export function intentId({ path, look }: Examined): string {
  const digest = digestOf(look.bytes);
  return deriveRootId(writtenMsOf(look), "intent-router", intentName(path), digest, look.writtenNs);
}
