/** What the broker has in memory must be what its rows say, after each turn: also after a transaction that was rolled back. */
import { readMeta } from "@kloros/journal/testing";
import type { SimBus } from "../bus/sim_bus.ts";

type Row = Readonly<Record<string, number>> & { readonly cid: number };

const COUNTS = ["matched", "done", "superseded", "dead", "dropped", "damaged"] as const;

export function brokenMemory({ broker, journal }: SimBus): string[] {
  if (broker === undefined) return [];
  const flaws: string[] = [];
  const nextSeq = readMeta(broker.db, "next_seq", 1);
  if (nextSeq !== broker.lastSeq + 1)
    flaws.push(`the next sequence number is ${String(broker.lastSeq + 1)}, stored is ${String(nextSeq)}`);
  const rows = journal.handle.query<Row, []>("SELECT * FROM consumer WHERE removed_at IS NULL").all();
  const byId = new Map(rows.map((row) => [row.cid, row]));
  for (const consumer of broker.consumers.values()) {
    const row = byId.get(consumer.cid);
    if (row === undefined) flaws.push(`consumer ${consumer.name} has no row`);
    for (const count of COUNTS) {
      if (row !== undefined && consumer.counts[count] !== row[count])
        flaws.push(
          `consumer ${consumer.name} remembers ${count} ${String(consumer.counts[count])}, stored is ${String(row[count])}`,
        );
    }
    flaws.push(...brokenLeases(journal.handle, consumer));
  }
  return flaws;
}

const STATE = "SELECT state FROM delivery WHERE cid = ? AND seq = ?";

function brokenLeases(
  handle: SimBus["journal"]["handle"],
  {
    cid,
    name,
    leases,
  }: { readonly cid: number; readonly name: string; readonly leases: ReadonlyMap<number, unknown> },
): string[] {
  return [...leases.keys()].flatMap((seq) => {
    const row = handle.query<{ state: number }, [number, number]>(STATE).get(cid, seq);
    return row !== null && row.state <= 1
      ? []
      : [`${name} has ${String(seq)} leased in state ${String(row?.state)}`];
  });
}
