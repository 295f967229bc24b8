import type { GrantedDelivery, HeldLease } from "@kloros/journal";
import type { Envelope } from "@kloros/signal-schema";
import type { Delivery } from "./types.ts";

/**
 * queued → running → settling → (removed); a lease lost in any phase → lost. A lost one whose handler still runs keeps its
 * slot until the handler ends, so that one process never works on one signal twice at once.
 */
export type WorkPhase = "queued" | "running" | "settling" | "lost";

/** One delivery in this process. What costs (abort signal, parsing of state and plan) is made when it is asked for. */
export class Work implements Delivery {
  readonly grant: GrantedDelivery;
  readonly signal: Envelope;
  phase: WorkPhase = "queued";
  /** Monotonic ms. */
  startedAt: number;
  extendedAt: number;
  /** The handler was told to stop because it took too long. */
  timedOutAt: number | undefined;
  #controller: AbortController | undefined;
  #abortReason: Error | undefined;
  #plan: unknown;
  #state: unknown;
  readonly #savePlan: (work: Work, plan: unknown) => Promise<void>;

  constructor(
    grant: GrantedDelivery,
    signal: Envelope,
    nowMs: number,
    savePlan: (work: Work, plan: unknown) => Promise<void>,
  ) {
    this.grant = grant;
    this.signal = signal;
    this.startedAt = nowMs;
    this.extendedAt = nowMs;
    this.#savePlan = savePlan;
  }

  get seq(): number {
    return this.grant.seq;
  }
  get attempt(): number {
    return this.grant.attempt;
  }
  get late(): boolean {
    return this.grant.late;
  }
  get lease(): HeldLease {
    return { seq: this.grant.seq, token: this.grant.token };
  }

  get state(): unknown {
    if (this.grant.state === null) return null;
    this.#state ??= JSON.parse(this.grant.state);
    return this.#state;
  }

  get plan(): unknown {
    if (this.grant.plan === null) return null;
    this.#plan ??= JSON.parse(this.grant.plan);
    return this.#plan;
  }

  savePlan(plan: unknown): Promise<void> {
    return this.#savePlan(this, plan);
  }

  get abort(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    return this.#controller.signal;
  }

  /** Tells the handler to stop. The first reason stays. */
  stop(reason: Error): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(this.#abortReason);
  }

  get stopped(): Error | undefined {
    return this.#abortReason;
  }
}
