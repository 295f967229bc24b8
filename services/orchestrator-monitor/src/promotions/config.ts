/** Section `[orchestrator-monitor.promotions]`, and this check's part of the manifest. */
import type { Installation } from "@kloros/daemon";
import {
  DeploymentComplete,
  DreamComplete,
  DreamTimeout,
  HealthAlert,
  PromotionsDetected,
} from "@kloros/signal-schema";
import { Type, type Static } from "@sinclair/typebox";

export const config = Type.Object(
  {
    intervalMs: Type.Integer({
      default: 60_000,
      minimum: 100,
      maximum: 86_400_000,
      description: "How often waiting promotions are told of, besides at each change, ms.",
    }),
    directories: Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), {
      default: [],
      maxItems: 64,
      description:
        "Where promotions wait; relative to the home. Empty: dream_lab/promotions of the home and artifacts/dream/promotions. One that does not exist is waited for.",
    }),
    parkAfter: Type.Integer({
      default: 3,
      minimum: 1,
      maximum: 100,
      description: "Failed D-REAM cycles after which a promotion is parked.",
    }),
  },
  // Without a default, a test that does not give the section would have none of its settings.
  { default: {} },
);

export type PromotionsConfig = Static<typeof config>;

export const consumes = [DeploymentComplete, DreamComplete, DreamTimeout] as const;
export const emits = [PromotionsDetected, HealthAlert] as const;
export const reads = ["promotions", "dreamArtifacts"] as const satisfies readonly (keyof Installation)[];
export const writes = ["promotions", "dreamArtifacts"] as const satisfies readonly (keyof Installation)[];
export const decisions = [
  "A promotion is a *.json file directly in one of the directories that holds a JSON object; its id is its name without .json, @ and the first 12 hex digits of its content's SHA-256, so a file that is replaced is another promotion.",
  "A promotion waits until it is acknowledged or parked; one with an acknowledgement of another tool that is younger than the file (promotions_ack/NAME_ack.json) does not wait.",
  "Waiting promotions are told of when they change, when a deployment ended and in each interval, one advisory a directory, with at most 500 names, oldest first; the counts say all. Ages count from a file's modification time and are never negative.",
  "A file that cannot be read as a promotion is not told of as waiting and does not hold up the others: it gets a warning with line and remedy once per content, and its directory an alert; one that was written to within 2 s may not be complete and is looked at again first.",
  "A promotion is acknowledged when the Q_DEPLOYMENT_COMPLETE of a successful cycle names its id: first remembered, then a record is on disk, then the file is moved to acknowledged/. Nothing is overwritten; a file that was replaced meanwhile stays.",
  "A promotion that three cycles considered in vain (failed, timed out) is parked in parked/ with a note why, and an alert stands until it is gone from there; moving it back is a new chance. A success, or another content, starts the count anew.",
  "Maintenance mode does not hold this back: telling changes nothing, and acknowledging is bookkeeping of a cycle that has ended. In observe mode nothing is moved or remembered.",
] as const;
