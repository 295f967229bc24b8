/** A consumer as a program: attaches, works as the fates say, detaches now and then, comes back. */
import {
  type Bus,
  type ConsumeOptions,
  DeniedError,
  type Delivery,
  type HandlerResult,
  RetryableError,
  TerminalError,
} from "@kloros/bus-client";
import type { Program, SimulatedProcess } from "../machine/process.ts";
import { appendOnce } from "./append_once.ts";
import { type Fate, type FateOdds, fateOf } from "./fate.ts";
import type { Promises } from "./promises.ts";
import type { Role } from "./roles.ts";

export interface WorkingOptions {
  readonly seed: number;
  readonly odds: FateOdds;
  readonly promises: Promises;
  readonly count: (what: string) => void;
  readonly fail: (text: string) => void;
  /** It detaches about so often, ms; 0: never, from now on. */
  readonly restEveryMs: () => number;
}

const HANDLER_MS = 6000;
const PATIENT_HANDLER_MS = 700_000;
/** While another instance holds the consumer, ms. */
const WAIT_MS = { from: 500, to: 3000 } as const;

export function working(role: Role, options: WorkingOptions): Program {
  return async (process) => {
    const service = role.name.split("/")[0] ?? role.name;
    const bus = process.connect(service);
    process.onTerminate(() => bus.close());
    for (;;) {
      try {
        await consumeForAWhile(bus, process, role, options);
      } catch (error) {
        if (!(error instanceof DeniedError) || error.code !== "consumer_held") throw error;
        options.count("client.held");
        await sleep(process, WAIT_MS.from + process.ambient.random() * (WAIT_MS.to - WAIT_MS.from));
      }
    }
  };
}

async function consumeForAWhile(
  bus: Bus,
  process: SimulatedProcess,
  role: Role,
  options: WorkingOptions,
): Promise<void> {
  const consumption = await bus.consume(optionsOf(role, options), handlerOf(process, role, options));
  const restEveryMs = options.restEveryMs();
  if (restEveryMs === 0) {
    await consumption.ended;
    // Drained by the program's own end.
    await new Promise<never>(() => undefined);
  }
  const rest = sleep(process, restEveryMs * (0.5 + process.ambient.random()));
  await Promise.race([rest, consumption.ended]);
  options.count("client.drain");
  await consumption.drain(300);
  await sleep(process, 200 + process.ambient.random() * 1500);
}

function optionsOf(role: Role, { odds, promises, count }: WorkingOptions): ConsumeOptions {
  const { name, signals, stateKey, limits } = role;
  return {
    name,
    signals,
    start: { from: "earliest" },
    ...(stateKey === undefined ? {} : { stateKey }),
    ...limits,
    backoffMs: 100,
    backoffMsMax: 2000,
    handlerTimeoutMs: odds.unanswered && odds.of.includes(name) ? PATIENT_HANDLER_MS : HANDLER_MS,
    onSettled: ({ delivery, outcome }) => {
      promises.settled(name, delivery, outcome);
      count(`settled.${outcome}`);
    },
  };
}

function handlerOf(process: SimulatedProcess, role: Role, options: WorkingOptions) {
  const { seed, odds, promises } = options;
  return async (delivery: Delivery): Promise<HandlerResult | undefined> => {
    const { signal } = delivery;
    const fate = fateOf(seed, role.name, signal.id, odds);
    const ends = promises.begins(role.name, delivery, process.instance);
    try {
      return await handle(process, role, delivery, fate, options);
    } finally {
      ends();
    }
  };
}

async function handle(
  process: SimulatedProcess,
  role: Role,
  delivery: Delivery,
  fate: Fate,
  options: WorkingOptions,
): Promise<HandlerResult | undefined> {
  const { signal } = delivery;
  options.count(`handler.${fate.behaviour}`);
  const works = fate.effectFirst ? [effect, work] : [work, effect];
  for (const step of works) await step(process, role, delivery, fate, options);
  const state = role.stateKey === undefined ? undefined : nextState(role, delivery, options);
  return {
    ...(fate.emits ? { emit: role.children(signal, process.wallMs()) } : {}),
    ...(state === undefined ? {} : { state }),
  };
}

async function effect(process: SimulatedProcess, role: Role, delivery: Delivery): Promise<void> {
  if (role.file !== undefined) await appendOnce(process, delivery, role.file, delivery.signal.id);
}

async function work(
  process: SimulatedProcess,
  role: Role,
  delivery: Delivery,
  fate: Fate,
  { promises }: WorkingOptions,
): Promise<void> {
  const { behaviour, workMs, failures } = fate;
  const { attempt, abort, signal } = delivery;
  const first = `${role.name} ${signal.id}`;
  const long = behaviour === "overrun" || behaviour === "deaf";
  // What is too long the first time is quick the next.
  await sleep(process, long && attempt > 1 ? 20 : workMs, behaviour === "deaf" ? undefined : abort);
  if (behaviour === "terminal") throw new TerminalError("impossible", "it can never work");
  if (behaviour === "hopeless" || (behaviour === "flaky" && attempt <= failures))
    throw new RetryableError("not_yet", `attempt ${String(attempt)} fails`);
  if (behaviour === "poison" || (behaviour === "crash" && !promises.crashed.has(first))) {
    promises.crashed.add(first);
    await process.exit(`${signal.id} takes it down`);
  }
}

interface Seen {
  readonly n: number;
  readonly ids: readonly string[];
}

/** The state tells what was worked on: nothing may be in it twice. */
function nextState(role: Role, { state, signal }: Delivery, { fail }: WorkingOptions): Seen {
  const { n, ids } = (state as Seen | null) ?? { n: 0, ids: [] };
  if (ids.includes(signal.id)) fail(`the state of ${role.name} has ${signal.id} already`);
  return { n: n + 1, ids: [...ids, signal.id] };
}

export function sleep(process: SimulatedProcess, ms: number, abort?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      cancel();
      reject(abort?.reason as Error);
    };
    const cancel = process.ambient.after(ms, () => {
      abort?.removeEventListener("abort", stop);
      resolve();
    });
    if (abort?.aborted === true) stop();
    else abort?.addEventListener("abort", stop, { once: true });
  });
}
