/** What the operator's command needs: the winners that the service remembers. Works on the file alone. */
import { errorCode } from "@kloros/daemon";
import type { Installation } from "@kloros/daemon";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { WinnerRecord, WinnersFile } from "./winner_record.ts";

export function winnersFileOf(state: string): string {
  return join(state, "winners.json");
}

/** Oldest first; none when no cycle was dealt with yet. Throws when the file is damaged, with what to do. */
export async function listWinners(paths: Pick<Installation, "state">): Promise<readonly WinnerRecord[]> {
  const file = winnersFileOf(paths.state);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  const winners = parseWinners(text);
  if (winners !== undefined) return winners;
  throw new Error(
    `cannot list winners: ${file} is not what winner-deployer writes; move it away, the next cycle or decision writes it anew`,
  );
}

function parseWinners(text: string): readonly WinnerRecord[] | undefined {
  try {
    const value = JSON.parse(text) as Partial<WinnersFile> | null;
    return value?.schema === "kloros-winners/1" && Array.isArray(value.winners) ? value.winners : undefined;
  } catch {
    return undefined;
  }
}
