/** A promotion that a successful cycle considered leaves its directory, with a record that existing tools can read. */
import { crashPoint } from "@kloros/daemon";
import { join } from "node:path";
import type { Due } from "./decide.ts";
import { keepPromotion, type Kept } from "./keep_promotion.ts";
import type { Place, Promotion } from "./promotion.ts";

/** Marks our own records. */
export const ACK_AUTHOR = "orchestrator-monitor";

/** Throws the file system's error; what is done so far is found by the next attempt. */
export async function acknowledge(place: Place, promotion: Promotion, due: Due): Promise<Kept> {
  const kept = await keepPromotion(place, promotion, {
    directory: join(place.path, "acknowledged"),
    recordDirectory: place.acks,
    recordEnding: "_ack.json",
    record: {
      promotion_id: promotion.ownId ?? promotion.stem,
      accepted: true,
      ts: Math.floor(due.atMs / 1000),
      schema: "v1",
      by: ACK_AUTHOR,
      id: promotion.id,
      file: promotion.file,
      sha256: promotion.sha256,
      cycle: due.cycle,
      run_tag: due.runTag,
      acknowledged_at: new Date(due.atMs).toISOString(),
    },
    recorded: () => crashPoint("monitor.ack-written"),
  });
  crashPoint("monitor.moved");
  return kept;
}
