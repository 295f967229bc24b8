/** A consumer of the house: a handler with its real decisions, under the settings of its service. */
import {
  type Bus,
  type ConsumeOptions,
  DeniedError,
  type Delivery,
  type HandlerResult,
} from "@kloros/bus-client";
import { createChild, type FactsOf, type SignalDefinition } from "@kloros/signal-schema";
import type { Promises } from "../load/promises.ts";
import { sleep } from "../load/working.ts";
import type { SimulatedProcess } from "../machine/process.ts";
import type { HouseOdds } from "./house_scenario.ts";

export interface HouseContext {
  readonly odds: HouseOdds;
  readonly promises: Promises;
  readonly count: (what: string) => void;
  readonly fail: (text: string) => void;
}

export type HouseHandler = (delivery: Delivery) => Promise<HandlerResult | undefined>;

const HELD_PAUSE_MS = 250;

/** Goes on until the process ends. */
export async function consuming(
  process: SimulatedProcess,
  bus: Bus,
  { promises, count }: HouseContext,
  settings: Omit<ConsumeOptions, "start" | "onSettled">,
  handler: HouseHandler,
): Promise<void> {
  const { name } = settings;
  const options: ConsumeOptions = {
    ...settings,
    start: { from: "earliest" },
    onSettled: ({ delivery, outcome, error }) => {
      promises.settled(name, delivery, outcome);
      count(`settled.${outcome}`);
      if (error instanceof Error) process.note(`${String(delivery.seq)} ${outcome}: ${error.message}`);
    },
  };
  for (;;) {
    try {
      const consumption = await bus.consume(options, async (delivery) => {
        const ends = promises.begins(name, delivery, process.instance);
        try {
          return await handler(delivery);
        } finally {
          ends();
        }
      });
      return await consumption.ended;
    } catch (error) {
      if (!(error instanceof DeniedError) || error.code !== "consumer_held") throw error;
      count("client.held");
      await sleep(process, HELD_PAUSE_MS);
    }
  }
}

/** What follows from a delivery, said by the service of its process. */
export function child<D extends SignalDefinition>(
  process: SimulatedProcess,
  delivery: Delivery,
  definition: D,
  facts: FactsOf<D>,
) {
  const service = process.name;
  return createChild(delivery.signal, definition, facts, {
    source: service,
    consumer: service,
    nowMs: process.wallMs(),
  });
}

/** The journal has no row for it yet, or it has one: said until it is acknowledged. Again and again while `task` fails. */
export async function untilDone<T>(process: SimulatedProcess, task: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await task();
    } catch (error) {
      process.note(`in vain: ${String(error)}`);
      await sleep(process, 500);
    }
  }
}

export async function readJson<T>(process: SimulatedProcess, path: string, otherwise: T): Promise<T> {
  const text = await process.disk.read(path);
  return text === undefined ? otherwise : (JSON.parse(text) as T);
}
