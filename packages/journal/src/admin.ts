/** The admin operations, a closed table. Those that write go through the same transactions as everything else. */
import { statSync } from "node:fs";
import type { AdminOp, AdminOps, BusStatus, ConsumerStatus } from "./broker_types.ts";
import { removeConsumer } from "./definition.ts";
import type { Broker } from "./broker.ts";
import { type Consumer, openCount } from "./consumers.ts";
import {
  dropDeadLetter,
  noteResubmitted,
  purgeDeadLetters,
  retryDeadLetter,
} from "./dead-letters/dead_letter_changes.ts";
import { editDeadLetter } from "./dead-letters/dead_letter_edit.ts";
import { listDeadLetters, recordRejected } from "./dead-letters/dead_letters.ts";
import { purge } from "./upkeep/retention.ts";
import type { ConsumerStatistics, SignalStatistics } from "./reading.ts";

type Runner = {
  [Op in AdminOp]: (
    broker: Broker,
    request: AdminOps[Op]["request"],
    service: string,
  ) => Promise<AdminOps[Op]["result"]>;
};

const RUN: Runner = {
  status: async (broker) => statusOf(broker, await broker.reader.signals()),
  consumers: async (broker) => consumersOf(broker, await broker.reader.consumers()),
  removeConsumer: (broker, request) => remove(broker, request.name, request.force === true),
  deadLetters: async (broker, request) => listDeadLetters(broker.db, request),
  retryDeadLetter: (broker, request) => broker.run((tx) => retryDeadLetter(tx, request.n, broker)),
  editDeadLetter: (broker, request) => broker.run((tx) => editDeadLetter(tx, request, broker)),
  noteResubmitted: (broker, request) => broker.run((tx) => noteResubmitted(tx, request.n)),
  dropDeadLetter: (broker, request) =>
    broker.run((tx) => dropDeadLetter(tx, request.n, broker), { solo: true }),
  purgeDeadLetters: (broker, request) =>
    broker.run((tx) => purgeDeadLetters(tx, request, broker), { solo: true }),
  pruneJournal: (broker, { after, ...limits }) =>
    broker.run(
      (tx) => {
        const { purged, next = null } = purge(tx, limits, after);
        tx.afterCommit(() => broker.count("purged", purged));
        return { purged, next };
      },
      { solo: true },
    ),
  rejectContent: (broker, request, service) =>
    broker.run((tx) => ({ stored: recordRejected(tx, { ...request, service }) })),
};

export function runAdmin<Op extends AdminOp>(
  broker: Broker,
  op: Op,
  request: AdminOps[Op]["request"],
  service: string,
): Promise<AdminOps[Op]["result"]> {
  const run: Runner[Op] | undefined = RUN[op];
  if (run === undefined)
    return Promise.reject(
      new Error(`there is no admin operation ${JSON.stringify(op)}; known: ${Object.keys(RUN).join(", ")}`),
    );
  return run(broker, request, service);
}

/** Looked up inside the transaction: another one of that name may have come or gone meanwhile. */
async function remove(broker: Broker, name: string, force: boolean): Promise<{ dropped: number }> {
  const result = await broker.run(
    (tx): { dropped: number } | string => {
      const consumer = broker.consumers.get(name);
      if (consumer === undefined) return `there is no consumer ${name}; \`kloros consumers list\` shows them`;
      const { holder } = consumer;
      if (holder?.live() === true && !force)
        return `${name} is held by a live ${holder.service} (pid ${holder.pid}); stop it first, or force`;
      const seqs = [...consumer.leases.keys()];
      const dropped = removeConsumer(tx, consumer);
      tx.afterCommit(() => forget(broker, consumer, seqs));
      return { dropped };
    },
    { solo: true },
  );
  if (typeof result === "string") throw new Error(result);
  return result;
}

function forget(broker: Broker, consumer: Consumer, seqs: readonly number[]): void {
  broker.consumers.delete(consumer.name);
  broker.subscriptions.remove(consumer);
  const port = consumer.holder?.port;
  consumer.holder = undefined;
  if (port === undefined) return;
  broker.notify(() => port.gone(consumer.name, seqs));
  broker.notify(() => port.closed(`the consumer ${consumer.name} was removed`));
}

function consumersOf(broker: Broker, statistics: ConsumerStatistics): ConsumerStatus[] {
  return [...broker.consumers.values()].map((consumer) => {
    const { counts, holder } = consumer;
    const more = statistics[consumer.cid];
    return {
      name: consumer.name,
      signals: consumer.spec.signals,
      holderPid: holder?.pid ?? null,
      holderService: holder?.service ?? null,
      matched: counts.matched,
      done: counts.done,
      superseded: counts.superseded,
      dead: counts.dead,
      dropped: counts.dropped,
      damaged: counts.damaged,
      open: openCount(counts),
      leased: consumer.leases.size,
      waiting: more?.waiting ?? 0,
      oldestAgeMs: more?.oldestAt == null ? null : Math.max(0, broker.wallMs() - more.oldestAt),
    };
  });
}

function statusOf(broker: Broker, statistics: SignalStatistics): BusStatus {
  return {
    pid: process.pid,
    version: broker.version,
    epoch: broker.epoch,
    startedAt: broker.startedAt,
    journalPath: broker.db.path,
    journalBytes: sizeOf(broker.db.path),
    walBytes: sizeOf(`${broker.db.path}-wal`),
    signals: statistics.signals,
    lastSeq: broker.lastSeq,
    deadLetters: statistics.deadLetters,
    sessions: [...broker.sessions].map((s) => ({
      service: s.service,
      pid: s.pid,
      connectedMs: Math.round(broker.now - s.openedAt),
    })),
    counters: { ...broker.counters },
    deadlines: statistics.deadlines,
    unconsumed: statistics.unconsumed,
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
