/** The Python runner of an existing installation, started by somebody else: two at once would spoil each other's artifacts. */
import { dirname } from "node:path";
import type { Installation } from "@kloros/daemon";
import { processIds } from "@kloros/dream-runner";
import { argumentsOf, directoryOf } from "../process/proc.ts";

const MODULE = "src.dream.runner";

/** Its pid; undefined when none runs for this installation. */
export function findOldRunner(paths: Pick<Installation, "source" | "dreamConfig">): number | undefined {
  const root = dirname(paths.source);
  return processIds().find((pid) => {
    const parts = argumentsOf(pid);
    if (!parts.includes(MODULE)) return false;
    return parts.includes(paths.dreamConfig) || directoryOf(pid) === root;
  });
}
