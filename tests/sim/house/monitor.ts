/** orchestrator-monitor: what is told of promotions and modules, and when one is over, are the service's own decisions. */
import type { Bus } from "@kloros/bus-client";
import {
  advisoryFacts,
  announce,
  cycleEvent,
  type DirectoryLook,
  idKey,
  judge,
  type ModulesMemory,
  newModules,
  NOTHING_REMEMBERED,
  type Promotion,
  promotionId,
  type PromotionMemory,
  type RegisteredModule,
  rememberModules,
  settled,
  takeIn,
  waitingOf,
} from "@kloros/orchestrator-monitor/testing";
import {
  createRoot,
  deriveRootId,
  DreamComplete,
  DreamTimeout,
  DeploymentComplete,
  type Envelope,
  ModuleDiscovered,
  ModuleIntegrated,
  PromotionsDetected,
} from "@kloros/signal-schema";
import { sleep } from "../load/working.ts";
import type { Program, SimulatedProcess } from "../machine/process.ts";
import { consuming, type HouseContext, readJson, untilDone } from "./consuming.ts";
import { PROMOTIONS } from "./house_scenario.ts";
import { readRegistry } from "./registry.ts";

export const ACKNOWLEDGED = "promotions_acknowledged";
const PARKED = "promotions_parked";
const NAME = "orchestrator-monitor";
const INTERVAL_MS = 60_000;
const PARK_AFTER = 3;
const MEMORY = "monitor.promotions";
const MODULES = "monitor.modules";

export function monitor(context: HouseContext): Program {
  return async (process) => {
    const bus = process.connect(NAME);
    process.onTerminate(() => bus.close());
    const looker = new Looker(process, bus);
    const settings = {
      name: NAME,
      signals: [DeploymentComplete, DreamComplete, DreamTimeout, ModuleIntegrated].map(({ name }) => name),
      concurrency: 8,
      attemptsMax: 20,
    };
    const consumed = consuming(process, bus, context, settings, async ({ signal }) => {
      await looker.look(signal);
      return undefined;
    });
    consumed.catch((error: unknown) => process.exit(String(error)));
    for (;;) {
      await untilDone(process, () => looker.look());
      await sleep(process, INTERVAL_MS);
    }
  };
}

/** One look at a time. */
class Looker {
  readonly #process: SimulatedProcess;
  readonly #bus: Bus;
  #turn: Promise<void> = Promise.resolve();

  constructor(process: SimulatedProcess, bus: Bus) {
    this.#process = process;
    this.#bus = bus;
  }

  look(signal?: Envelope): Promise<void> {
    const mine = this.#turn.then(async () => {
      await this.#promotions(signal);
      await this.#modules(signal);
    });
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #promotions(signal: Envelope | undefined): Promise<void> {
    const process = this.#process;
    let memory = await readJson<PromotionMemory>(process, MEMORY, NOTHING_REMEMBERED);
    const log = { warn: (): void => undefined };
    const event = signal && (await cycleEvent(signal, { bus: this.#bus, log }));
    const after = event === undefined ? memory : takeIn(memory, event);
    if (after !== memory) await process.disk.writeAtomic(MEMORY, JSON.stringify(after));
    memory = after;
    const promotions = await lookAtPromotions(process);
    const moved = await this.#settle(promotions, memory);
    const left = promotions.filter(({ file }) => !moved.has(file));
    const now = settled(memory, new Set(left.map(({ id }) => id)), PARK_AFTER);
    if (now !== memory) await process.disk.writeAtomic(MEMORY, JSON.stringify(now));
    const nowMs = process.wallMs();
    const look = lookOf(left);
    const waiting = waitingOf(look, now, PARK_AFTER);
    const facts = advisoryFacts(look, waiting, { nowMs, lastDreamMs: now.cycles.at(-1)?.endedMs });
    if (facts !== undefined) await this.#say(createRoot(PromotionsDetected, facts, this.#root("promotions")));
  }

  /** Files that are over. */
  async #settle(promotions: readonly Promotion[], memory: PromotionMemory): Promise<ReadonlySet<string>> {
    const moved = new Set<string>();
    for (const promotion of promotions) {
      const { kind } = judge(promotion, memory, PARK_AFTER);
      if (kind === "waits") continue;
      const to = kind === "acknowledge" ? ACKNOWLEDGED : PARKED;
      await this.#process.disk.move(`${PROMOTIONS}/${promotion.file}`, `${to}/${promotion.file}`);
      moved.add(promotion.file);
    }
    return moved;
  }

  async #modules(signal: Envelope | undefined): Promise<void> {
    const process = this.#process;
    const memory = await readJson<ModulesMemory | null>(process, MODULES, null);
    const registry = await readRegistry(process);
    const modules = Object.entries(registry).map(
      ([name, { module, discoveredAt, pyFiles }]): RegisteredModule => ({
        name,
        path: module ?? name,
        discoveredAt: discoveredAt ?? "",
        pyFiles,
      }),
    );
    const path = signal?.signal === ModuleIntegrated.name ? signal.facts["module_path"] : undefined;
    const sighting = { modules, memory, integrated: new Set(typeof path === "string" ? [path] : []) };
    const news = newModules(sighting).map((module) =>
      announce(module, { pyFiles: 0, hasInit: false }, process.wallMs()),
    );
    const next = rememberModules(sighting, news);
    await process.disk.writeAtomic(MODULES, JSON.stringify(next));
    for (const due of next.due) {
      const { facts, timestampMs: nowMs } = due;
      const id = deriveRootId(nowMs, NAME, idKey(due));
      await this.#say(createRoot(ModuleDiscovered, facts, { source: NAME, nowMs, id }));
    }
    if (next.due.length > 0) await process.disk.writeAtomic(MODULES, JSON.stringify({ ...next, due: [] }));
  }

  #root(what: string): { readonly source: string; readonly nowMs: number; readonly id: string } {
    const nowMs = this.#process.wallMs();
    const id = deriveRootId(nowMs, what, this.#process.instance, String(this.#process.ambient.random()));
    return { source: NAME, nowMs, id };
  }

  async #say(envelope: Envelope): Promise<void> {
    const [result] = await this.#bus.publish([envelope]);
    const said = result?.status === "stored" || result?.status === "duplicate";
    if (!said) throw new Error(`${envelope.signal} was answered ${JSON.stringify(result)}`);
  }
}

async function lookAtPromotions(process: SimulatedProcess): Promise<Promotion[]> {
  const found: Promotion[] = [];
  for (const file of await process.disk.list(PROMOTIONS)) {
    const text = await process.disk.read(`${PROMOTIONS}/${file}`);
    if (text === undefined) continue;
    const stem = file.replace(/\.json$/, "");
    const sha256 = new Bun.CryptoHasher("sha256").update(text).digest("hex");
    const id = promotionId(stem, sha256);
    found.push({ id, file, stem, sha256, ownId: stem, writtenMs: process.wallMs() });
  }
  return found;
}

const lookOf = (promotions: readonly Promotion[]): DirectoryLook => ({
  place: { path: PROMOTIONS, acks: PROMOTIONS },
  failed: undefined,
  promotions,
  acknowledged: new Set(),
  broken: [],
  parked: [],
  againInMs: undefined,
});
