/**
 * The check that tells of waiting promotions and moves those that are over.
 *
 * Order, so that a crash anywhere neither repeats nor forgets: what a signal says of a cycle is remembered (on disk), then
 * promotions are moved, then what is done is remembered. A signal that comes again is known; what was remembered and not
 * done is done at the next look.
 */
import { crashPoint } from "@kloros/daemon";
import type { ServiceContext } from "@kloros/daemon";
import { PromotionsDetected } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import type { Check, Findings } from "../check.ts";
import { alertCheck } from "../health/alert_check.ts";
import type { Reading } from "../health/alert.ts";
import type { PromotionsConfig } from "./config.ts";
import { consumes } from "./config.ts";
import { cycleEvent } from "./cycle_events.ts";
import { advisoryFacts, settled, takeIn, waitingOf } from "./decide.ts";
import type { PromotionMemory } from "./decide.ts";
import { openPromotionDirectory } from "./directory.ts";
import { BLANK, openPromotionMemory } from "./memory.ts";
import { returnClaims } from "./move_promotion.ts";
import { promotionPlaces } from "./places.ts";
import type { DirectoryLook } from "./promotion.ts";
import { describe, readingsOf } from "./readings.ts";
import { settle, type Settlement } from "./settle.ts";
import { createTelling } from "./telling.ts";

/** What this check needs of its service's context. */
export type PromotionsContext = Pick<
  ServiceContext,
  "paths" | "mode" | "log" | "clock" | "root" | "bus" | "count" | "gauge"
>;

export interface PromotionsCheck extends Check {
  /** How many promotions wait, as of the last look. */
  waiting(): number;
}

/** A writer that writes in place needs less; a reader waits for nothing else. */
const GATHER_MS = 2;

export function promotionsCheck(context: PromotionsContext, config: PromotionsConfig): PromotionsCheck {
  const places = promotionPlaces(context.paths, config);
  const checker = createChecker(context, config, places.map(openPromotionDirectory));
  return {
    name: "promotions",
    intervalMs: config.intervalMs,
    watches: { files: [], directories: places.map(({ path }) => path), signals: consumes },
    gatherMs: GATHER_MS,
    run: ({ signals }) => checker.run(signals),
    waiting: () => checker.waiting(),
  };
}

function createChecker(
  context: PromotionsContext,
  config: PromotionsConfig,
  directories: readonly ReturnType<typeof openPromotionDirectory>[],
) {
  const { clock, log, mode } = context;
  const acting = mode === "act";
  const memory = openPromotionMemory(context);
  const telling = createTelling(config.intervalMs, clock);
  const complaints = createComplaints(context);
  let readings: readonly Reading[] = [];
  let waits = 0;

  const recall = async () => (await memory.get()) ?? BLANK;
  const remember = async (promotions: PromotionMemory): Promise<void> => {
    await memory.set({ ...(await recall()), promotions });
  };
  const alerts = alertCheck(
    { name: "promotions", read: async () => readings },
    {
      book: {
        of: async () => (await recall()).alerts,
        // A disk that is full must not keep the promotions from being told of.
        keep: async (_, kept) => {
          const next = { ...(await recall()), alerts: kept };
          await memory
            .set(next)
            .catch((error: unknown) => log.warn({ error }, "alerts cannot be remembered"));
        },
      },
      clock,
      root: context.root,
      intervalMs: config.intervalMs,
      clearMargin: 0,
      quietMs: config.intervalMs,
    },
  );

  const takeInAll = async (signals: readonly Envelope[]): Promise<PromotionMemory> => {
    const before = (await recall()).promotions;
    let after = before;
    for (const signal of signals) {
      const event = await cycleEvent(signal, context);
      if (event !== undefined) after = takeIn(after, event);
    }
    // An old system beside which we observe acknowledges by itself, and counts by itself.
    if (!acting) after = { ...after, due: [], failures: {} };
    if (after !== before && signals.length > 0) {
      await remember(after);
      crashPoint("monitor.counted");
    }
    return after;
  };
  const lookAtAll = async (): Promise<readonly DirectoryLook[]> => {
    const looks: DirectoryLook[] = [];
    for (const directory of directories) looks.push(await directory.look(clock.wallMs()));
    return looks;
  };
  const putBackClaims = (): void => {
    for (const { place } of directories) {
      try {
        returnClaims(place.path);
      } catch (error) {
        log.warn({ directory: place.path, error }, "promotions that were claimed cannot be put back");
      }
    }
  };
  const lookAndSettle = async (before: PromotionMemory) => {
    if (acting) putBackClaims();
    const looks = await lookAtAll();
    const nothing: Settlement = { stuck: new Set(), troubles: new Map(), moved: false };
    if (!acting) return { looks, now: before, settlement: nothing };
    const { parkAfter } = config;
    const settlement = await settle(looks, before, { parkAfter, log, count: context.count });
    const now = settled(before, settlement.stuck, parkAfter);
    if (now !== before) await remember(now);
    return { looks: settlement.moved ? await lookAtAll() : looks, now, settlement };
  };

  return {
    waiting: () => waits,
    run: async (signals: readonly Envelope[]): Promise<Findings> => {
      const { looks, now, settlement } = await lookAndSettle(await takeInAll(signals));
      const lastDreamMs = now.cycles.at(-1)?.endedMs;
      const advisories: Envelope[] = [];
      waits = 0;
      for (const look of looks) {
        const waiting = waitingOf(look, now, config.parkAfter);
        waits += waiting.length;
        const facts = advisoryFacts(look, waiting, { nowMs: clock.wallMs(), lastDreamMs });
        const news = telling.isWorthTelling(look.place.path, facts?.promotion_ids, signals);
        if (facts !== undefined && news) advisories.push(context.root(PromotionsDetected, facts));
        complaints.tell(look);
        context.gauge("promotions_waiting", waiting.length, { directory: look.place.path });
        context.gauge("promotions_broken", look.broken.length, { directory: look.place.path });
      }
      readings = looks.flatMap((look) =>
        readingsOf({ look, stuck: settlement.troubles.get(look.place.path) ?? [] }),
      );
      const told = await alerts.run({ signals: [] });
      const again = looks.flatMap(({ againInMs }) => againInMs ?? []);
      return {
        advisories: [...advisories, ...told.advisories],
        published: async () => {
          telling.told();
          await told.published?.();
        },
        ...(again.length === 0 ? {} : { againInMs: Math.min(...again) }),
      };
    },
  };
}

/** One warning for each content of a broken file, and for each reason why a directory cannot be read. */
function createComplaints({ log, count }: Pick<PromotionsContext, "log" | "count">) {
  let known = new Map<string, ReadonlySet<string>>();
  return {
    tell: (look: DirectoryLook): void => {
      const before = known.get(look.place.path);
      const now = new Set<string>();
      const say = (key: string, text: string): void => {
        now.add(key);
        if (before?.has(key) === true) return;
        count("promotions_broken_total");
        log.warn({ directory: look.place.path }, text);
      };
      if (look.failed !== undefined) say(look.failed, `promotions cannot be looked through: ${look.failed}`);
      for (const one of look.broken)
        say(`${one.file}@${one.fingerprint}`, `a promotion cannot be read: ${describe(one)}`);
      known = new Map(known).set(look.place.path, now);
    },
  };
}
