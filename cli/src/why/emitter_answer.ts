/** What a service that says a signal was doing: how it is now, what it was given to answer, and what it made of that. */
import type { Bus } from "@kloros/bus-client";
import type { StoredSignal } from "@kloros/journal";
import { healthSocketPath } from "@kloros/daemon";
import { isServiceName, type ServiceName } from "../multicall/service_names.ts";
import { restText } from "../rest/rest_text.ts";
import { askService, type ServiceStatus } from "../status/ask_service.ts";
import { isResting } from "../status/judge.ts";
import { ago } from "../view/amounts.ts";
import { describeFacts } from "../view/describe_facts.ts";
import { newestBefore } from "./last_said.ts";
import type { NotQuestion, Sources } from "./not_report.ts";

export interface EmitterAnswer {
  readonly service: string;
  /** How it is now; null where the question is about the past. */
  readonly state: ServiceStatus["state"] | null;
  readonly sentences: readonly string[];
}

const ENGINE = "policy-engine";
const INPUTS_MAX = 3;
const CHILDREN_MAX = 5;

export async function emitterAnswer(
  service: string,
  { definition, atMs, now }: NotQuestion,
  { bus, place: { paths } }: Sources,
): Promise<EmitterAnswer> {
  const status = now ? await askService(service, healthSocketPath(paths, service)) : undefined;
  const resting = now ? restText(paths, service, atMs) : undefined;
  const inputs =
    bus === undefined ? [] : await inputSentences(bus, service, { atMs, wanted: definition.name });
  return {
    service,
    state: status?.state ?? null,
    sentences: [
      // Resting says why already.
      ...(status === undefined || isResting(status) ? [] : [stateSentence(status)]),
      ...(resting === undefined ? [] : [resting]),
      ...inputs,
    ],
  };
}

function stateSentence({ name, state, reasons, status }: ServiceStatus): string {
  if (state === "not_running") return `${name} does not run: what is meant for it waits`;
  if (state === "silent") return `${name} does not answer: is it stopped or stuck?`;
  const why = Object.values(reasons).join("; ");
  return state === "ready" ? `${name} runs: ${status ?? "ready"}` : `${name} cannot work now: ${why}`;
}

interface Asked {
  readonly atMs: number;
  readonly wanted: string;
}

async function inputSentences(bus: Bus, service: string, asked: Asked): Promise<readonly string[]> {
  if (!isServiceName(service)) return [];
  const names = await inputsOf(service);
  const newest = await Promise.all(
    names.map((name) => newestBefore(bus, name, { atMs: asked.atMs, count: INPUTS_MAX })),
  );
  const items = newest
    .flat()
    .toSorted((left, right) => right.seq - left.seq)
    .slice(0, INPUTS_MAX);
  if (names.length === 0) return [`${service} says it by what it sees itself, not in answer to a signal`];
  if (items.length === 0) return [`nothing came that it answers to: ${names.join(", ")}`];
  // What the engine judged is told by its rules.
  const open =
    service === ENGINE
      ? items.filter(
          (item) => ownDelivery(item, service)?.state !== "done" || wasOpen(item, service, asked.atMs),
        )
      : items;
  return Promise.all(open.map((item) => inputSentence(bus, service, { item, ...asked })));
}

async function inputsOf(service: ServiceName): Promise<readonly string[]> {
  const { loadService } = await import("../multicall/load_service.ts");
  return (await loadService(service)).manifest.consumes.map(({ name }) => name);
}

async function inputSentence(
  bus: Bus,
  service: string,
  { item, atMs, wanted }: Asked & { readonly item: StoredSignal },
): Promise<string> {
  const { envelope, seq, storedAt } = item;
  const answers = (await childrenOf(bus, item)).filter(({ source }) => source === service);
  const said = answers
    .slice(0, CHILDREN_MAX)
    .map(
      (child) => `${child.signal === wanted ? "" : "not that but "}${child.signal}: ${describeFacts(child)}`,
    );
  const then = wasOpen(item, service, atMs) ? "at that moment it waited or was in work; since then: " : "";
  const what = `${then}${said.length === 0 ? deliveryText(item, service) : `it answered ${said.join("; ")}`}`;
  return `${envelope.signal} #${seq}, ${ago(storedAt, atMs)} (${describeFacts(envelope)}): ${what}`;
}

async function childrenOf(bus: Bus, { envelope, seq }: StoredSignal) {
  const page = await bus.read({ trace: envelope.trace, afterSeq: seq, order: "oldest", limit: 500 });
  return page.items.map((item) => item.envelope).filter(({ cause }) => cause === envelope.id);
}

/** Consumers are named after their service. */
function ownDelivery(
  { deliveries }: StoredSignal,
  service: string,
): StoredSignal["deliveries"][number] | undefined {
  return deliveries.find(({ consumer }) => consumer === service || consumer.startsWith(`${service}/`));
}

/** Settled, but only after the moment that is asked about. */
function wasOpen(item: StoredSignal, service: string, atMs: number): boolean {
  return (ownDelivery(item, service)?.settledAt ?? 0) > atMs;
}

/** How the service stands to what it was given. */
function deliveryText(item: StoredSignal, service: string): string {
  const own = ownDelivery(item, service);
  if (own === undefined) return `it was not for ${service}, which never attached or came later`;
  const { state, error, attempt } = own;
  const why = error === null ? "" : `: ${error}`;
  if (state === "leased") return `${service} works on it`;
  if (state === "ready") return `it waits for ${service}`;
  if (state === "waiting") return `it failed ${attempt} times and is tried again${why}`;
  if (state === "dead") return `${service} gave it up${why}; kloros dlq list`;
  if (state === "superseded") return "a newer one took its place";
  return state === "done" ? `${service} is done with it and said nothing` : `it is ${state}`;
}
