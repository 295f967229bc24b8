/** Which waiting triggers a cycle takes over. Pure. */
import type { TriggerFacts } from "./decide.ts";
import type { Absorbed } from "./plan.ts";

/** A trigger in the journal that waits for this consumer. */
export interface WaitingTrigger {
  readonly id: string;
  readonly seq: number;
  readonly facts: TriggerFacts;
}

/** They stand in the plan; what is beyond gets the next cycle. */
const ABSORBED_MAX = 200;
const ABSORBED_BYTES_MAX = 16 * 1024;
/** Of a list in a signal. */
const IDS_MAX = 4096;

/** Those with the same topic, oldest first, as far as they fit. `known`: taken over by an earlier start of this cycle. */
export function absorb(
  trigger: TriggerFacts,
  waiting: readonly WaitingTrigger[],
  known: readonly Absorbed[] = [],
): readonly Absorbed[] {
  const taken = [...known];
  const ids = new Set(taken.map((one) => one.id));
  let bytes = byteLength(taken);
  let promotions = (trigger.promotion_ids ?? []).length + taken.flatMap((one) => one.promotionIds).length;
  for (const { id, facts } of waiting) {
    if (ids.has(id) || facts.topic !== trigger.topic) continue;
    const one: Absorbed = { id, promotionIds: facts.promotion_ids ?? [] };
    bytes += byteLength(one) + 1;
    promotions += one.promotionIds.length;
    if (taken.length >= ABSORBED_MAX || bytes > ABSORBED_BYTES_MAX || promotions > IDS_MAX) break;
    taken.push(one);
  }
  return taken;
}

function byteLength(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
