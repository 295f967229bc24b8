/** Moves what is over: acknowledged promotions and parked ones. */
import { messageOf } from "@kloros/daemon";
import type { ServiceContext } from "@kloros/daemon";
import { basename } from "node:path";
import { acknowledge } from "./acknowledge.ts";
import { judge, type PromotionMemory, type Verdict } from "./decide.ts";
import { park } from "./park.ts";
import type { DirectoryLook, Place, Promotion } from "./promotion.ts";

/** By directory: what could not be moved, and why. */
export type Troubles = ReadonlyMap<string, readonly string[]>;

export interface Settlement {
  /** Ids of those that are not moved, and may still be there. */
  readonly open: ReadonlySet<string>;
  readonly troubles: Troubles;
  /** Something was moved: what was seen is out of date. */
  readonly moved: boolean;
}

type SettleOptions = Pick<ServiceContext, "log" | "count"> & {
  readonly parkAfter: number;
  /** What could not be put back before the look. */
  readonly claimed: Troubles;
};

/** Never throws: what cannot be moved is told of and tried again at the next look. */
export async function settle(
  looks: readonly DirectoryLook[],
  memory: PromotionMemory,
  options: SettleOptions,
): Promise<Settlement> {
  const open = new Set<string>();
  const troubles = new Map(options.claimed);
  let moved = false;
  for (const { place, promotions } of looks) {
    for (const promotion of promotions) {
      const verdict = judge(promotion, memory, options.parkAfter);
      if (verdict.kind === "waits") continue;
      try {
        moved = (await carryOut(place, promotion, verdict, options)) || moved;
      } catch (error) {
        open.add(promotion.id);
        const why = messageOf(error);
        troubles.set(place.path, [...(troubles.get(place.path) ?? []), `${promotion.file}: ${why}`]);
        options.log.warn(
          { directory: place.path, file: promotion.file, error },
          `a promotion that is over (${verdict.kind}) cannot be moved; it is tried again`,
        );
      }
    }
  }
  const mayBeThere = unseen(looks, options.claimed);
  for (const id of [...memory.due.map((due) => due.id), ...Object.keys(memory.failures)])
    if (mayBeThere(id)) open.add(id);
  return { open, troubles, moved };
}

/** A directory that cannot be read, or lacks what is claimed, may hold any promotion; a file, those of its name. */
function unseen(looks: readonly DirectoryLook[], claimed: Troubles): (id: string) => boolean {
  if (claimed.size > 0 || looks.some(({ failed }) => failed !== undefined)) return () => true;
  const unread = looks.flatMap(({ broken }) => broken.filter((one) => one.unread));
  const stems = new Set(unread.map(({ file }) => basename(file, ".json")));
  return (id) => stems.has(id.slice(0, id.lastIndexOf("@")));
}

async function carryOut(
  place: Place,
  promotion: Promotion,
  verdict: Exclude<Verdict, { kind: "waits" }>,
  { log, count }: SettleOptions,
): Promise<boolean> {
  const { id } = promotion;
  const kept =
    verdict.kind === "acknowledge"
      ? await acknowledge(place, promotion, verdict.due)
      : await park(place, promotion, verdict.failures);
  const word = verdict.kind === "acknowledge" ? "acknowledged" : "parked";
  const fields = { id, directory: place.path, as: basename(kept.to) };
  if (kept.moved) {
    count(`promotions_${word}_total`);
    if (verdict.kind === "acknowledge") log.info(fields, "promotion acknowledged");
    else log.warn(fields, "promotion parked: cycle after cycle failed with it");
  } else
    log.info(fields, `a promotion was replaced or removed before it was ${word}; what is there now stays`);
  return kept.moved;
}
