/** When the house has come to rest: what people left on its disk, and what became of it. */
import { chooseQuestions } from "@kloros/curiosity-core/testing";
import { unsealState } from "@kloros/journal/testing";
import { readMemory } from "@kloros/winner-deployer/testing";
import type { Envelope } from "@kloros/signal-schema";
import { brokenPromises, deliveryRows, DONE } from "../checks/final_check.ts";
import type { WatchedBus } from "../checks/watched_bus.ts";
import { type Settings, SETTINGS } from "./deployer.ts";
import { PROCESSED } from "./dedup.ts";
import {
  evidenceOf,
  type HouseScenario,
  INTENTS,
  type ModuleOnDisk,
  REJECTED,
  SOURCE,
} from "./house_scenario.ts";
import { INVESTIGATIONS } from "./investigator.ts";
import { ACKNOWLEDGED } from "./monitor.ts";
import { REGISTRY } from "./registry.ts";

export function houseFlaws(watched: WatchedBus, scenario: HouseScenario): string[] {
  const said = new Said(watched);
  return [
    ...brokenPromises(watched.bus, watched.promises),
    ...wrongIntents(watched, scenario, said),
    ...wrongLines(watched, INVESTIGATIONS, "investigation-consumer", () => true),
    ...wrongLines(watched, PROCESSED, "semantic-dedup", ({ facts }) => facts["module_name"] !== undefined),
    ...wrongModules(watched, scenario, said),
    ...wrongCycles(watched, said),
    ...wrongSettings(watched, said),
    ...said.of("Q_LOOP_DETECTED").map(({ facts }) => `a loop was seen: ${JSON.stringify(facts)}`),
  ];
}

/** Where nothing went wrong nobody may have been given up. */
export function falseAlarms({ bus }: WatchedBus): string[] {
  const rows = bus.journal.handle
    .query<{ name: string; n: number }, []>(
      "SELECT name, count(*) AS n FROM signal WHERE name IN ('Q_INVESTIGATION_TIMEOUT', 'Q_DREAM_TIMEOUT', 'Q_LOOP_DETECTED') GROUP BY name",
    )
    .all();
  return [
    ...rows.map(({ name, n }) => `${String(n)} ${name}, and nothing went wrong`),
    ...givenUp(bus).map((reason) => `a dead letter (${reason}), and nothing went wrong`),
  ];
}

/** Reasons of dead letters, but for intents that nobody could read. */
export function givenUp({ journal }: WatchedBus["bus"]): string[] {
  return journal.handle
    .query<{ reason: string }, []>(
      "SELECT reason FROM deadletter WHERE reason NOT IN ('invalid', 'reported')",
    )
    .all()
    .map(({ reason }) => reason);
}

/** Everything that was said, by name. */
class Said {
  readonly #byName = new Map<string, Envelope[]>();

  constructor({ bus }: WatchedBus) {
    const rows = bus.journal.handle.query<{ body: string }, []>("SELECT body FROM signal ORDER BY seq").all();
    for (const { body } of rows) {
      const envelope = JSON.parse(body) as Envelope;
      const others = this.#byName.get(envelope.signal);
      if (others === undefined) this.#byName.set(envelope.signal, [envelope]);
      else others.push(envelope);
    }
  }

  of(name: string): readonly Envelope[] {
    return this.#byName.get(name) ?? [];
  }
}

/** Each file was said once, or is a dead letter with its content; none is left. */
function wrongIntents({ machine, bus }: WatchedBus, { arrivals }: HouseScenario, said: Said): string[] {
  const { files } = machine.disk;
  const questions = said.of("Q_CURIOSITY_INVESTIGATE").filter(({ source }) => source === "intent-router");
  const letters = bus.journal.handle
    .query<{ fields: string | null }, []>("SELECT fields FROM deadletter WHERE reason = 'invalid'")
    .all()
    .map(({ fields }) => fields ?? "");
  return arrivals.flatMap(({ path, text }) => {
    if (!path.startsWith(`${INTENTS}/`)) return [];
    const name = path.slice(INTENTS.length + 1);
    const evidence = evidenceOf(Number(/_(\d+)\.json$/.exec(name)?.[1]));
    const asks = questions.filter(({ facts }) => (facts["evidence"] as string[]).includes(evidence)).length;
    const rejected = letters.filter((fields) => fields.includes(name)).length;
    const routable = text.includes(`"${evidence}"`);
    const flaws: string[] = [];
    if (files.has(path)) flaws.push(`${path} is still there`);
    if (asks !== (routable ? 1 : 0)) flaws.push(`${path} was asked ${String(asks)} times`);
    if (rejected !== (routable ? 0 : 1)) flaws.push(`${path} is ${String(rejected)} dead letters`);
    const aside = files.get(path.replace(INTENTS, REJECTED));
    if (!routable && aside !== text) flaws.push(`${path} was not moved aside with its content`);
    return flaws;
  });
}

/** A line for what is done, once. */
function wrongLines(
  { machine, bus }: WatchedBus,
  file: string,
  consumer: string,
  concerns: (signal: Envelope) => boolean,
): string[] {
  const lines = (machine.disk.files.get(file) ?? "").split("\n");
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return deliveryRows(bus).flatMap((row) => {
    if (row.consumer !== consumer || !concerns(JSON.parse(row.body) as Envelope)) return [];
    const n = counts.get(row.id) ?? 0;
    const right = row.state === DONE ? n === 1 : n <= 1;
    return right ? [] : [`${file} has the line of ${row.id} (state ${String(row.state)}) ${String(n)} times`];
  });
}

/** Modules that are worth a question, in the registry when all went its way; told of once. */
function wrongModules({ machine, bus }: WatchedBus, { arrivals }: HouseScenario, said: Said): string[] {
  const registry = JSON.parse(machine.disk.files.get(REGISTRY) ?? "{}") as Record<string, unknown>;
  const entered = Object.keys(registry);
  const integrated = said.of("Q_MODULE_INTEGRATED").map(({ facts }) => String(facts["module_name"]));
  const discovered = said.of("Q_MODULE_DISCOVERED").map(({ facts }) => String(facts["module_name"]));
  const complete = givenUp(bus).length === 0;
  const worthy = complete ? worthyModules(arrivals) : [];
  return [
    ...worthy
      .filter((name) => !entered.includes(name))
      .map((name) => `module ${name} is not in the registry`),
    ...(complete ? entered : []).flatMap((name) => [
      ...timesTold(name, "integrated", integrated),
      ...timesTold(name, "discovered", discovered),
    ]),
    ...integrated.filter((name) => !entered.includes(name)).map((name) => `${name} is told of, not entered`),
  ];
}

function timesTold(name: string, what: string, told: readonly string[]): string[] {
  const n = told.filter((one) => one === name).length;
  return n === 1 ? [] : [`module ${name} was told of as ${what} ${String(n)} times`];
}

export function worthyModules(arrivals: HouseScenario["arrivals"]): readonly string[] {
  const findings = arrivals
    .filter(({ path }) => path.startsWith(`${SOURCE}/`))
    .map(({ path, text }) => ({
      name: path.slice(SOURCE.length + 1),
      path,
      ...(JSON.parse(text) as ModuleOnDisk),
    }));
  const situation = {
    findings,
    known: new Set<string>(),
    asked: new Set<string>(),
    isSettled: () => true,
    nowMs: 0,
  };
  return chooseQuestions(situation).flatMap(({ facts }) => facts.module_name ?? []);
}

/** A promotion is dealt with by one successful cycle, and acknowledged only after one. */
function wrongCycles({ machine }: WatchedBus, said: Said): string[] {
  const counts = new Map<string, number>();
  for (const { facts } of said.of("Q_DREAM_COMPLETE")) {
    if (facts["success"] !== true) continue;
    for (const id of (facts["promotion_ids"] as readonly string[] | undefined) ?? [])
      counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const considered = new Set([...counts.keys()].map((id) => `${id.split("@")[0] ?? ""}.json`));
  return [
    ...[...counts].flatMap(([id, n]) =>
      n > 1 ? [`${id} was considered by ${String(n)} successful cycles`] : [],
    ),
    ...machine.disk
      .list(ACKNOWLEDGED)
      .filter((file) => !considered.has(file))
      .map((file) => `${file} is acknowledged, and no cycle considered it with success`),
  ];
}

/** The file says what the deployer remembers as its last word; a winner is deployed once. */
function wrongSettings({ machine, bus }: WatchedBus, said: Said): string[] {
  const row = bus.journal.handle
    .query<{ cid: number; key: string; value: string }, []>(
      "SELECT cid, key, value FROM state JOIN consumer USING(cid) WHERE name = 'winner-deployer'",
    )
    .get();
  const memory = readMemory(
    row === null ? null : JSON.parse(unsealState(row.cid, row.key, row.value) ?? "null"),
  );
  const wanted = Object.fromEntries(
    memory.winners
      .filter(({ state }) => state === "deployed")
      .flatMap(({ keys }) => keys.map((change) => [change.key, change.new] as const)),
  );
  const settings = JSON.parse(machine.disk.files.get(SETTINGS) ?? "{}") as Settings;
  const deployed = said
    .of("Q_WINNER_DEPLOYED")
    .flatMap(({ facts }) => facts["winners"] as readonly { experiment: string; hash: string }[])
    .map(({ experiment, hash }) => `${experiment}:${hash}`);
  return [
    ...Object.entries(wanted).flatMap(([key, text]) =>
      settings[key] === text ? [] : [`${key} is ${String(settings[key])}, remembered is ${text}`],
    ),
    ...deployed
      .filter((one, index) => deployed.indexOf(one) !== index)
      .map((one) => `${one} was deployed twice`),
  ];
}
