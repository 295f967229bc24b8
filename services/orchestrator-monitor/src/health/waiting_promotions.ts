import { errorCode } from "@kloros/daemon";
import { readdir } from "node:fs/promises";

/** Whether a promotion waits in one of these directories: acknowledged and parked ones were moved below them. */
export async function promotionsWait(directories: readonly string[]): Promise<boolean> {
  for (const directory of directories) {
    if ((await namesIn(directory)).some((name) => name.endsWith(".json"))) return true;
  }
  return false;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
