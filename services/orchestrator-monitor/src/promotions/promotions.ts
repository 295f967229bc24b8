/**
 * The check that tells of waiting promotions and moves those that are over.
 *
 * Order, so that a crash anywhere neither repeats nor forgets: what a signal says of a cycle is remembered (on disk), then
 * promotions are moved, then what is done is remembered. A signal that comes again is known; what was remembered and not
 * done is done at the next look.
 */
import { crashPoint, messageOf } from "@kloros/daemon";
import type { ServiceContext } from "@kloros/daemon";
import { PromotionsDetected } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import type { Check, Findings } from "../check.ts";
import { createComplaints } from "./complaints.ts";
import { consumes, type PromotionsConfig } from "./config.ts";
import { cycleEvent } from "./cycle_events.ts";
import { advisoryFacts, settled, takeIn, waitingOf, type PromotionMemory } from "./decide.ts";
import { openPromotionDirectory } from "./directory.ts";
import { openPromotionMemory } from "./memory.ts";
import { returnClaims } from "./move_promotion.ts";
import { promotionPlaces } from "./places.ts";
import { promotionAlerts } from "./promotion_alerts.ts";
import type { DirectoryLook } from "./promotion.ts";
import { settle, type Troubles } from "./settle.ts";
import { createTelling } from "./telling.ts";

/** What this check needs of its service's context. */
export type PromotionsContext = Pick<
  ServiceContext,
  "paths" | "mode" | "log" | "clock" | "root" | "bus" | "count" | "gauge" | "status"
>;

export interface PromotionsCheck extends Check {
  /**
   * Whether promotions wait, as of the last look; those that are broken, acknowledged or parked do not. Undefined: nobody has
   * looked yet, or it cannot be seen.
   */
  wait(): boolean | undefined;
}

/** A file that is renamed into place is complete, and one that is written in place mostly so after this, ms. */
const GATHER_MS = 1;

export function promotionsCheck(context: PromotionsContext, config: PromotionsConfig): PromotionsCheck {
  const looker = new PromotionLooker(context, config);
  return {
    name: "promotions",
    intervalMs: config.intervalMs,
    watches: { files: [], directories: looker.paths, signals: consumes },
    gatherMs: GATHER_MS,
    run: ({ signals }) => looker.run(signals),
    wait: () => looker.wait,
  };
}

class PromotionLooker {
  readonly #context: PromotionsContext;
  readonly #config: PromotionsConfig;
  readonly #directories;
  readonly #memory;
  readonly #alerts;
  readonly #telling;
  readonly #complaints;
  wait: boolean | undefined;

  constructor(context: PromotionsContext, config: PromotionsConfig) {
    this.#context = context;
    this.#config = config;
    this.#directories = promotionPlaces(context.paths, config).map(openPromotionDirectory);
    this.#memory = openPromotionMemory(context);
    this.#alerts = promotionAlerts(context, this.#memory);
    this.#telling = createTelling(config.intervalMs, context.clock);
    this.#complaints = createComplaints(context);
  }

  get paths(): readonly string[] {
    return this.#directories.map(({ place }) => place.path);
  }

  async run(signals: readonly Envelope[]): Promise<Findings> {
    const taken = await this.#takeIn(signals);
    const { looks, now, troubles } = await this.#lookAndSettle(taken);
    const { advisories, waiting } = this.#advisories(looks, now, signals);
    this.wait = waiting === 0 && looks.some(({ failed }) => failed !== undefined) ? undefined : waiting > 0;
    for (const look of looks) this.#complaints.tell(look);
    this.#context.status(statusText(waiting, looks));
    const alerts = await this.#alerts.run(
      looks.map((look) => ({ look, stuck: troubles.get(look.place.path) ?? [] })),
    );
    const again = looks.flatMap(({ againInMs }) => againInMs ?? []);
    return {
      advisories: [...advisories, ...alerts.advisories],
      published: async () => {
        this.#telling.told();
        await alerts.published?.();
      },
      ...(again.length === 0 ? {} : { againInMs: Math.min(...again) }),
    };
  }

  get #acting(): boolean {
    return this.#context.mode === "act";
  }

  async #takeIn(signals: readonly Envelope[]): Promise<PromotionMemory> {
    const before = await this.#memory.promotions();
    let after = before;
    for (const signal of signals) {
      const event = await cycleEvent(signal, this.#context);
      if (event !== undefined) after = takeIn(after, event);
    }
    if (after === before) return before;
    // Beside an old system we only look on: it acknowledges by itself.
    if (!this.#acting) after = { ...after, due: [], failures: {} };
    await this.#memory.keepPromotions(after);
    crashPoint("monitor.counted");
    return after;
  }

  async #lookAndSettle(before: PromotionMemory): Promise<{
    readonly looks: readonly DirectoryLook[];
    readonly now: PromotionMemory;
    readonly troubles: Troubles;
  }> {
    if (!this.#acting) return { looks: await this.#look(), now: before, troubles: new Map() };
    const claimed = this.#returnClaims();
    const looks = await this.#look();
    const { parkAfter } = this.#config;
    const settlement = await settle(looks, before, { ...this.#context, parkAfter, claimed });
    const now = settled(before, settlement.open, parkAfter);
    if (now !== before) await this.#memory.keepPromotions(now);
    return { looks: settlement.moved ? await this.#look() : looks, now, troubles: settlement.troubles };
  }

  async #look(): Promise<readonly DirectoryLook[]> {
    const looks: DirectoryLook[] = [];
    for (const directory of this.#directories) looks.push(await directory.look(this.#context.clock.wallMs()));
    return looks;
  }

  #returnClaims(): Troubles {
    const left = new Map<string, readonly string[]>();
    for (const path of this.paths) {
      try {
        returnClaims(path);
      } catch (error) {
        this.#context.log.warn({ directory: path, error }, "promotions that were claimed cannot be put back");
        left.set(path, [`${path}/.claimed: ${messageOf(error)}`]);
      }
    }
    return left;
  }

  #advisories(
    looks: readonly DirectoryLook[],
    memory: PromotionMemory,
    signals: readonly Envelope[],
  ): { readonly advisories: readonly Envelope[]; readonly waiting: number } {
    const { clock, gauge, root } = this.#context;
    const lastDreamMs = memory.cycles.at(-1)?.endedMs;
    const advisories: Envelope[] = [];
    let waiting = 0;
    for (const look of looks) {
      const here = waitingOf(look, memory, this.#config.parkAfter);
      const facts = advisoryFacts(look, here, { nowMs: clock.wallMs(), lastDreamMs });
      const worthTelling = this.#telling.isWorthTelling(look.place.path, facts?.promotion_ids, signals);
      if (facts !== undefined && worthTelling) advisories.push(root(PromotionsDetected, facts));
      gauge("promotions_waiting", here.length, { directory: look.place.path });
      gauge("promotions_broken", look.broken.length, { directory: look.place.path });
      waiting += here.length;
    }
    return { advisories, waiting };
  }
}

function statusText(waiting: number, looks: readonly DirectoryLook[]): string {
  const broken = looks.reduce((sum, look) => sum + look.broken.length, 0);
  const parked = looks.reduce((sum, look) => sum + (look.parked?.length ?? 0), 0);
  const waits =
    waiting === 1 ? "1 promotion waits" : `${waiting === 0 ? "no" : String(waiting)} promotions wait`;
  return `${waits}${broken === 0 ? "" : `, ${String(broken)} broken`}${parked === 0 ? "" : `, ${String(parked)} parked`}`;
}
