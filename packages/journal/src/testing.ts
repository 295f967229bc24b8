/** For tests: a broker under a clock that the test moves, and a client that notes what it is given. */
import type {
  GrantedDelivery,
  HeldLease,
  Session,
  SessionPort,
  SettleItem,
  SettleResult,
  ConsumerSpec,
  AttachResult,
} from "./broker_types.ts";
import { Broker } from "./broker.ts";
import type { BrokerClock, BrokerOptions } from "./broker_options.ts";
import { brokenInvariants } from "./audit/invariants.ts";

export { auditNow } from "./audit/audit.ts";
export { unsealState } from "./checksum.ts";
export { brokenInvariants } from "./audit/invariants.ts";
export { readMeta } from "./meta.ts";
export { MortalJournal } from "./mortal_journal.ts";
export type { TransactionHooks } from "./mortal_journal.ts";

export interface TestClock extends BrokerClock {
  boot(): { readonly id: string; readonly uptimeMs: number };
  advance(ms: number): void;
  /** Somebody sets the wall clock: the machine's other clocks go on as before. */
  stepWall(ms: number): void;
  /** The machine starts anew: only the wall clock goes on. */
  reboot(): void;
}

export function testClock(wallMs = 1_763_856_000_000): TestClock {
  let now = 0;
  let wall = wallMs;
  let boots = 0;
  let bootedAt = 0;
  return {
    wallMs: () => wall + now,
    monotonicMs: () => now,
    boot: () => ({ id: `boot ${boots}`, uptimeMs: now - bootedAt }),
    advance: (ms) => (now += ms),
    stepWall: (ms) => (wall += ms),
    reboot: () => {
      boots += 1;
      bootedAt = now;
    },
  };
}

/** A broker that commits only when told, over memory unless given a path. */
export function testBroker(options: Partial<BrokerOptions> = {}): { broker: Broker; clock: TestClock } {
  const clock = testClock();
  const broker = new Broker({ path: ":memory:", clock, random: () => 0.5, autoFlush: false, ...options });
  return { broker, clock };
}

/** Moves time in steps that the broker counts as its own (a jump would be a stop of the bus). */
export function runFor(broker: Broker, clock: TestClock, ms: number): void {
  for (let left = ms; left > 0; left -= 200) {
    clock.advance(Math.min(200, left));
    broker.tick();
  }
}

/** What the journal's rows say is wrong; empty when all invariants hold. */
export function checkJournal(broker: Broker): string[] {
  return brokenInvariants(broker.db.handle);
}

export class TestClient implements SessionPort {
  readonly broker: Broker;
  readonly session: Session;
  readonly inbox: GrantedDelivery[] = [];
  readonly lost: number[] = [];
  closedBecause: string | undefined;

  constructor(
    broker: Broker,
    service: string,
    options: { readonly instance?: string; readonly pid?: number; readonly silenceMs?: number } = {},
  ) {
    const { instance = `${service}-1`, pid = 100 } = options;
    this.broker = broker;
    const identity = { services: "*" as const, uid: 0, pid };
    this.session = broker.open(
      { service, instance, pid, identity },
      this,
      options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs },
    );
  }

  deliver(deliveries: readonly GrantedDelivery[]): void {
    this.inbox.push(...deliveries);
  }
  gone(_consumer: string, seqs: readonly number[]): void {
    this.lost.push(...seqs);
  }
  closed(reason: string): void {
    this.closedBecause = reason;
  }

  /** Commits what waits and gives the result. */
  async now<T>(promise: Promise<T>): Promise<T> {
    this.broker.flush();
    return promise;
  }

  attach(spec: ConsumerSpec, held: readonly HeldLease[] = []): Promise<AttachResult> {
    return this.now(this.session.attach(spec, held));
  }

  /** Takes everything that is granted now. */
  take(consumer: string, count = 1000): GrantedDelivery[] {
    this.session.credit(consumer, "normal", count);
    this.session.credit(consumer, "urgent", count);
    this.broker.flush();
    return this.inbox.splice(0);
  }

  async settle(delivery: GrantedDelivery, outcome: SettleItem["outcome"]): Promise<SettleResult> {
    const [result] = await this.now(
      this.session.settle(delivery.consumer, [{ seq: delivery.seq, token: delivery.token, outcome }]),
    );
    return result as SettleResult;
  }
}
