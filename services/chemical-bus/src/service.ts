/**
 * The bus as a service: the journal, the server on top of it, and the main loop.
 *
 * Order of a start: journal lock, journal, sockets, loop. Order of a stop: loop, server (clients are told), mirror, journal.
 */
import { Broker, type BrokerOptions, sayDamaged } from "@kloros/journal";
import { ageText, machineBoot, messageOf } from "@kloros/daemon";
import type { Service, ServiceContext } from "@kloros/daemon";
import { cleanUp } from "./dead_letter_clean_up.ts";
import { DeadLetterMirror } from "./dead_letter_mirror.ts";
import { watchDisk } from "./disk_watch.ts";
import { type config, manifest } from "./manifest.ts";
import { BusServer } from "./server/bus_server.ts";
import { runLoop } from "./server/run_loop.ts";
import type { ServerEvent } from "./server/server_event.ts";

type Context = ServiceContext<typeof config>;

const MIRROR_MS = 500;
const STATISTICS_MS = 10_000;
const CLEAN_UP_MS = 60_000;
const DISK_MS = 2000;
const AUDIT_LOOK_MS = 60_000;

export const service: Service<typeof config> = {
  manifest,
  kind: "bus",
  start: async (context) => {
    const stop = new AbortController();
    const broker = openBroker(context, stop);
    const server = openServer(context, broker);
    const mirror = keepMirror(context, broker);
    cleanUpDeadLetters(context, broker);
    reportHealth(context, broker, server);
    reportFullDisk(context, broker);
    reportDamage(context, broker);
    lookAtJournal(context, broker);
    const loop = runLoop({ server, broker, stopping: stop.signal, idleWaitMs: context.config.idlePollMs });
    return async () => {
      stop.abort();
      await loop;
      await server.close();
      await mirror.stop();
      broker.close();
    };
  },
};

/** A broken journal ends the bus: nothing more may be acknowledged, and the next start looks before it serves. */
function openBroker(context: Context, stop: AbortController): Broker {
  return new Broker({
    path: context.paths.journal,
    clock: { ...context.clock, boot: machineBoot },
    random: context.random,
    autoFlush: false,
    version: context.version,
    ...limitsOf(context.config),
    onFatal: (error) => {
      stop.abort();
      context.fail(error);
    },
  });
}

const DAY_MS = 86_400_000;

function limitsOf(config: Context["config"]): Pick<BrokerOptions, "retention" | "room"> {
  return {
    retention: {
      ageMs: config.retentionDays * DAY_MS,
      bytesMax: config.retentionBytes,
      rememberMs: config.rememberIdsDays * DAY_MS,
    },
    room: { reserveBytes: config.diskReserveBytes, freeBytesMin: config.diskFreeBytesMin },
  };
}

function openServer(context: Context, broker: Broker): BusServer {
  const trouble = new Map<string, string>();
  const server = new BusServer({
    broker,
    endpoint: context.paths.busEndpoint,
    liveEndpoints: [context.paths.liveEndpoint, ...context.config.liveEndpoints],
    liveSingleFrameEndpoints: context.config.liveSingleFrameEndpoints,
    onEvent: (event) => {
      logEvent(context, event);
      if (event.event === "trouble") trouble.set(event.endpoint, messageOf(event.error));
      if (event.event === "bound" || event.event === "socketFile") trouble.delete(event.endpoint);
    },
  });
  context.health("endpoints", () => {
    const [first] = trouble;
    return first === undefined ? undefined : `${first[0]} cannot be used: ${first[1]}; it is tried again`;
  });
  return server;
}

function logEvent(context: Context, event: ServerEvent): void {
  const { log } = context;
  context.count("bus_events_total", { event: event.event });
  const fields = fieldsOf(event);
  if (event.event === "connected" || event.event === "bound") log.info(fields, event.event);
  else if (event.event === "ended" && event.clean) log.info(fields, "session ended");
  else if (event.event === "trouble")
    log.warn(
      { endpoint: event.endpoint, error: messageOf(event.error) },
      "endpoint not usable; trying again",
    );
  else log.warn(fields, event.event);
}

/** `service` and `pid` of a line are those of who writes it; whom it is about goes by other names. */
function fieldsOf(event: ServerEvent): object {
  if (!("service" in event)) return event;
  const { service: client, ...about } = event;
  if (!("pid" in about)) return { ...about, client };
  const { pid: clientPid, ...rest } = about;
  return { ...rest, client, clientPid };
}

/** Appends dead letters to the file for people; a file that can't be written is a health reason, not a loss. */
function keepMirror(context: Context, broker: Broker): { stop(): Promise<void> } {
  // It lies in the home, in which nothing changes then.
  if (context.mode === "observe") return { stop: async () => Promise.resolve() };
  const mirror = new DeadLetterMirror(context.paths.failedSignals, broker);
  let trouble: string | undefined;
  const catchUp = async (): Promise<void> => {
    try {
      await mirror.catchUp();
      trouble = undefined;
    } catch (error) {
      trouble = `${context.paths.failedSignals} cannot be written: ${messageOf(error)}; the journal keeps the dead letters`;
    }
  };
  context.health("failed-signals", () => trouble);
  const periodic = context.every("mirror", MIRROR_MS, catchUp);
  return {
    stop: async () => {
      await periodic.stop();
      await catchUp();
    },
  };
}

/** A step a minute, so that a month's worth disturbs nobody. */
function cleanUpDeadLetters(context: Context, broker: Broker): void {
  context.every("dead-letter-clean-up", CLEAN_UP_MS, async () => {
    const { purged, dropped } = await cleanUp(broker);
    if (purged === 0) return;
    context.count("dead_letters_cleaned_up_total", {}, purged);
    context.log.info({ purged, dropped }, "forgot dead letters that are older than 30 days");
  });
}

function reportHealth(context: Context, broker: Broker, server: BusServer): void {
  let last = { seq: broker.lastSeq, atMs: Number.NaN };
  const statistics = async (): Promise<void> => {
    for (const [name, value] of Object.entries(broker.counters))
      context.gauge("bus_counter", value, { name });
    const consumers = await broker.admin("consumers", {});
    for (const consumer of consumers) {
      context.gauge("consumer_open", consumer.open, { consumer: consumer.name });
      context.gauge("consumer_oldest_age_seconds", (consumer.oldestAgeMs ?? 0) / 1000, {
        consumer: consumer.name,
      });
    }
    const nowMs = context.clock.monotonicMs();
    if (broker.lastSeq !== last.seq) last = { seq: broker.lastSeq, atMs: nowMs };
    const open = consumers.reduce((sum, consumer) => sum + consumer.open, 0);
    const ago = Number.isNaN(last.atMs) ? "" : `; last ${ageText(nowMs - last.atMs)} ago`;
    context.status(
      `${broker.lastSeq} signals, ${open} open, ${server.sessionCount} clients, ${broker.lastDeadLetter} dead letters${ago}`,
    );
  };
  context.every("statistics", STATISTICS_MS, statistics);
}

/** Publishers are answered `busy` and wait: somebody has to be told why. */
function reportFullDisk(context: Context, broker: Broker): void {
  const { journal } = context.paths;
  const disk = watchDisk();
  context.health("journal", () =>
    disk.isFull || broker.tight
      ? `hardly any space left for the journal ${journal}: publishers wait; free some`
      : undefined,
  );
  context.every("disk", DISK_MS, () => {
    const change = disk.look(broker.counters);
    if (change === "filled") context.log.error({ journal }, "no space left for the journal; publishers wait");
    if (change === "freed") context.log.info({ journal }, "there is room for the journal again");
    return Promise.resolve();
  });
}

/** Rows that are set aside keep nothing from going on, so somebody has to be told. */
function reportDamage(context: Context, broker: Broker): void {
  const { journal } = context.paths;
  let told = 0;
  const tell = (): Promise<void> => {
    const rows = broker.counters["damaged"] ?? 0;
    if (rows > told)
      context.log.error(
        { journal, rows: rows - told },
        "rows of the journal are damaged and were set aside; `kloros audit` names them",
      );
    told = rows;
    return Promise.resolve();
  };
  void tell();
  context.every("damage", DISK_MS, tell);
}

/** A journal that was too large for the start to look at all of it is looked at while it serves, and all are once a day. */
function lookAtJournal(context: Context, broker: Broker): void {
  let flaw: string | undefined;
  let lookedAt = broker.checkedWhole ? context.clock.monotonicMs() : Number.NEGATIVE_INFINITY;
  context.health("journal-mark", () => broker.markTrouble);
  context.health("journal-damage", () => flaw);
  context.every("journal-audit", AUDIT_LOOK_MS, async () => {
    if (context.clock.monotonicMs() - lookedAt < DAY_MS) return;
    lookedAt = context.clock.monotonicMs();
    const report = await broker.reader.verify();
    const [first] = [...report.structure, ...report.differences, ...report.damaged.map(sayDamaged)];
    flaw = report.ok
      ? undefined
      : `the journal does not add up: ${first ?? ""}; \`kloros journal verify\` says all`;
    if (flaw !== undefined) context.log.error({ first }, "the journal does not add up");
  });
}
