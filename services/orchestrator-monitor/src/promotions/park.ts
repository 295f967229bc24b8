/** A promotion that cycle after cycle considered in vain leaves its directory, with a note why. */
import { crashPoint, errorCode } from "@kloros/daemon";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Failure } from "./decide.ts";
import { keepPromotion, type Kept } from "./keep_promotion.ts";
import type { Place, Promotion } from "./promotion.ts";

const NOTE_ENDING = ".why.json";

/** Throws the file system's error; what is done so far is found by the next attempt. */
export async function park(place: Place, promotion: Promotion, failures: readonly Failure[]): Promise<Kept> {
  const directory = parkedDirectory(place);
  const cycles = failures.map(({ cycle, runTag, atMs }) => {
    return { cycle, run_tag: runTag, failed_at: new Date(atMs).toISOString() };
  });
  const kept = await keepPromotion(place, promotion, {
    directory,
    recordDirectory: directory,
    recordEnding: NOTE_ENDING,
    record: {
      promotion_id: promotion.ownId ?? promotion.stem,
      id: promotion.id,
      file: promotion.file,
      sha256: promotion.sha256,
      reason: `${String(failures.length)} D-REAM cycles that considered it failed`,
      remedy: `see why in the logs of these runs; then move the promotion back to ${place.path} for a new chance, or remove it`,
      cycle: failures.map(({ cycle }) => cycle).join(" "),
      cycles,
      parked_at: cycles.at(-1)?.failed_at,
    },
    recorded: () => crashPoint("monitor.park-noted"),
  });
  crashPoint("monitor.parked");
  return kept;
}

function parkedDirectory(place: Place): string {
  return join(place.path, "parked");
}

/** Names of promotions that stand beside their note; undefined: the directory cannot be read. */
export function parkedIn(place: Place): readonly string[] | undefined {
  let names: readonly string[];
  try {
    names = readdirSync(parkedDirectory(place));
  } catch (error) {
    return errorCode(error) === "ENOENT" ? [] : undefined;
  }
  const all = new Set(names);
  return names
    .filter((name) => name.endsWith(NOTE_ENDING))
    .map((name) => `${name.slice(0, -NOTE_ENDING.length)}.json`)
    .filter((name) => all.has(name))
    .toSorted();
}
