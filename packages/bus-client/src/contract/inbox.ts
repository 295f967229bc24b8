import type { Delivery, HandlerResult, SettledEvent } from "../types.ts";
import { until } from "./until.ts";

const limitOf = (limitMs: number | undefined) => (limitMs === undefined ? {} : { limitMs });

/** Records what a consumer was given and how it ended. */
export class Inbox {
  readonly deliveries: Delivery[] = [];
  readonly settled: SettledEvent[] = [];

  /** As a handler that accepts everything, or does what `work` says. */
  handler(
    work: (delivery: Delivery) => HandlerResult | undefined | Promise<HandlerResult | undefined> = () =>
      undefined,
  ) {
    return async (delivery: Delivery): Promise<HandlerResult | undefined> => {
      this.deliveries.push(delivery);
      return work(delivery);
    };
  }

  readonly onSettled = (event: SettledEvent): void => {
    this.settled.push(event);
  };

  /** `question_id` or key of what came, in order. */
  get keys(): string[] {
    return this.deliveries.map(({ signal }) => String(signal.facts["question_id"] ?? signal.facts["key"]));
  }

  get outcomes(): string[] {
    return this.settled.map((event) => event.outcome);
  }

  async receives(count: number, limitMs?: number): Promise<void> {
    await until(
      `${String(count)} deliveries, got ${String(this.deliveries.length)}`,
      () => this.deliveries.length >= count,
      limitOf(limitMs),
    );
  }

  async settles(count: number, limitMs?: number): Promise<void> {
    await until(`${String(count)} settled deliveries`, () => this.settled.length >= count, limitOf(limitMs));
  }
}
