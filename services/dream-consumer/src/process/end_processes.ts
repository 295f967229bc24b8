/** Ending what a cycle left, wherever it hides: its group, and whatever carries its run tag. */
import { endMarked, signalGroup } from "@kloros/dream-runner";
import { isSame, tagMark } from "./proc.ts";
import type { CyclePlan } from "../plan.ts";

/** What a service that died left running. Its group only if its leader is still the same process. */
export async function endRemains(plan: CyclePlan): Promise<readonly number[]> {
  if (plan.process !== null && isSame(plan.process)) signalGroup(plan.process.pid, "SIGKILL");
  return endMarked(tagMark(plan.runTag));
}
