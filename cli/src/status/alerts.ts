/** Alerts that are on: the newest word about each. */
import type { Bus } from "@kloros/bus-client";
import type { StoredSignal } from "@kloros/journal";

export interface StandingAlert {
  readonly seq: number;
  readonly key: string;
  readonly type: string;
  readonly severity: string;
  /** In one line, for people. */
  readonly says: string;
  /** When it was said, UTC. */
  readonly since: string;
}

/** So many of the newest are looked at. */
const LOOKED_AT_MAX = 500;
/** An alert of a sender that never says it is over counts for so long, ms. */
const STATELESS_MS = 60 * 60_000;

export async function askAlerts(bus: Pick<Bus, "read">, nowMs: number): Promise<readonly StandingAlert[]> {
  const page = await bus.read({ signals: ["Q_HEALTH_ALERT"], order: "newest", limit: LOOKED_AT_MAX });
  const { describeFacts } = await import("../view/describe_facts.ts");
  return standing(page.items, nowMs).map(({ seq, envelope }) => ({
    seq,
    key: keyOf(envelope.facts),
    type: String(envelope.facts["alert_type"]),
    severity: String(envelope.facts["severity"]),
    says: describeFacts(envelope),
    since: envelope.timestamp,
  }));
}

/** `items`: newest first. Pure. */
export function standing(items: readonly StoredSignal[], nowMs: number): readonly StoredSignal[] {
  const newest = new Map<string, StoredSignal>();
  for (const item of items) {
    const key = keyOf(item.envelope.facts);
    if (!newest.has(key)) newest.set(key, item);
  }
  return [...newest.values()].filter(({ envelope: { facts, timestamp } }) =>
    facts["state"] === undefined
      ? nowMs - Date.parse(timestamp) < STATELESS_MS
      : facts["state"] !== "cleared",
  );
}

function keyOf(facts: Readonly<Record<string, unknown>>): string {
  return String(facts["key"] ?? facts["alert_type"]);
}
