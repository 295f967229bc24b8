/**
 * Acts on files that were looked at: publishes or rejects them, then gets them out of the way.
 *
 * Invariant: a file leaves the directory only after the bus has on disk what it said, signal or dead letter. A crash
 * in between repeats the publish, and the id, derived from the file, makes the repetition harmless.
 */
import { crashPoint, messageOf, pause } from "@kloros/daemon";
import type { ServiceContext } from "@kloros/daemon";
import type { Backlog } from "./backlog.ts";
import { publishIntents, reportRejected, signalOf } from "./deliver_intents.ts";
import { intentId } from "./examine.ts";
import type { Examined } from "./examine.ts";
import { intentName } from "./intent_directory.ts";
import type { IntentDirectory, TakeResult } from "./intent_directory.ts";
import type { RouterConfig } from "./manifest.ts";
import { digestOf } from "./rejected_directory.ts";
import type { RejectedDirectory } from "./rejected_directory.ts";

/** Dead letters on their way to the bus at once. */
const REJECTS_AT_ONCE = 32;
/** Larger batches are logged by their number. */
const LOGGED_SINGLY = 20;
const BACKOFF_MS = { first: 100, max: 5000 } as const;

interface Refused {
  readonly examined: Examined;
  readonly reason: string;
}

export interface DispatchOptions {
  readonly context: ServiceContext<RouterConfig>;
  readonly backlog: Backlog;
  readonly directory: IntentDirectory;
  readonly rejected: RejectedDirectory;
}

export class Dispatch {
  readonly #options: DispatchOptions;
  readonly #context: ServiceContext<RouterConfig>;
  #routed = 0;
  #rejected = 0;
  #putBack = 0;
  #backoffMs: number = BACKOFF_MS.first;

  constructor(options: DispatchOptions) {
    this.#options = options;
    this.#context = options.context;
  }

  get counts(): { readonly routed: number; readonly rejected: number } {
    return { routed: this.#routed, rejected: this.#rejected };
  }

  /** Resolves when each file is dealt with or back in line; waits when the bus is busy. Rejects when the bus is closed. */
  async act(batch: readonly Examined[]): Promise<void> {
    if (this.#context.mode === "observe") {
      await this.#show(batch);
      return;
    }
    const refused = await this.#publish(batch.filter(({ step }) => step.kind === "route"));
    await this.#reject([...batch.flatMap(refusedByDecision), ...refused]);
    await this.#waitWhenBusy();
  }

  /** Returns what the bus refused for good. */
  async #publish(routes: readonly Examined[]): Promise<readonly Refused[]> {
    if (routes.length === 0) return [];
    const { bus, stopping, clock } = this.#context;
    const outcomes = await publishIntents(bus, routes, { abort: stopping, nowMs: clock.wallMs() });
    crashPoint("router.stored");
    const refused: Refused[] = [];
    const stored: Examined[] = [];
    for (const [index, examined] of routes.entries()) {
      const outcome = outcomes[index] ?? { kind: "busy", reason: "the bus gave no answer" };
      if (outcome.kind === "stored") stored.push(examined);
      else if (outcome.kind === "invalid") refused.push({ examined, reason: outcome.reason });
      else this.#returnToLine(examined, outcome.reason);
    }
    this.#logRouted(stored);
    for (const examined of stored) {
      this.#finish(examined, (path) => this.#options.directory.remove(path, examined.look));
    }
    return refused;
  }

  async #reject(refused: readonly Refused[]): Promise<void> {
    for (let start = 0; start < refused.length; start += REJECTS_AT_ONCE) {
      const some = refused.slice(start, start + REJECTS_AT_ONCE);
      await Promise.all(some.map(async (one) => this.#rejectOne(one)));
    }
  }

  async #rejectOne({ examined, reason }: Refused): Promise<void> {
    const file = intentName(examined.path);
    try {
      await reportRejected(this.#context.bus, examined, reason);
    } catch (error) {
      this.#returnToLine(examined, messageOf(error));
      return;
    }
    crashPoint("router.reported");
    this.#rejected += 1;
    this.#context.count("intents_rejected_total");
    this.#context.log.warn({ file, id: intentId(examined) }, `rejected an intent: ${reason}`);
    this.#finish(examined, (path) => this.#keepRejected({ ...examined, path }, reason));
  }

  #keepRejected({ path, look }: Examined, reason: string): TakeResult {
    const taken = this.#options.directory.take(path, look);
    if (taken.kind !== "taken") return taken;
    const from = `${this.#options.directory.root}/${taken.at}`;
    const rejectedMs = this.#context.clock.wallMs();
    try {
      this.#options.rejected.keep(from, {
        name: intentName(path),
        reason,
        digest: digestOf(look.bytes),
        rejectedMs,
      });
      return taken;
    } catch (error) {
      return { kind: "stuck", at: taken.at, reason: `cannot move ${from} to rejected: ${String(error)}` };
    }
  }

  /** Gets a file that is dealt with out of the way; what cannot be moved is remembered and tried again. */
  #finish({ path, look }: Examined, move: (path: string) => TakeResult): void {
    const { held } = this.#options.backlog;
    const result = this.#moveAway(path, move);
    held.delete(path);
    if (result.kind !== "stuck") return;
    if (held.count("dealt-with") === 0) this.#context.log.error({ file: path }, result.reason);
    held.hold(result.at, {
      signature: look.signature,
      sinceMs: this.#context.clock.monotonicMs(),
      why: "dealt-with",
      retry: () => this.#moveAway(result.at, move).kind !== "stuck",
      reason: result.reason,
    });
  }

  #moveAway(path: string, move: (path: string) => TakeResult): TakeResult {
    const result = move(path);
    if (result.kind === "replaced") this.#options.backlog.addNewcomer(result.waiting);
    return result;
  }

  /** Observe mode: says on the live feed what it would do, once a file, and touches nothing. */
  async #show(batch: readonly Examined[]): Promise<void> {
    const { log, clock } = this.#context;
    const signals = batch.map(signalOf).filter((signal) => signal !== undefined);
    if (signals.length > 0) await this.#context.publish(signals);
    for (const { path, look, step } of batch) {
      if (step.kind === "reject") {
        this.#context.count("intents_would_reject_total");
        log.info({ file: path }, `would reject an intent: ${step.reason}`);
      }
      const { signature } = look;
      const sinceMs = clock.monotonicMs();
      this.#options.backlog.held.hold(path, { signature, sinceMs, why: "dealt-with", reason: "observed" });
    }
  }

  #returnToLine(examined: Examined, reason: string): void {
    if (this.#putBack === 0) this.#context.log.warn({ reason }, "the bus cannot take intents now; they wait");
    this.#putBack += 1;
    this.#options.backlog.putBack(examined);
  }

  async #waitWhenBusy(): Promise<void> {
    if (this.#putBack === 0) {
      this.#backoffMs = BACKOFF_MS.first;
      return;
    }
    this.#putBack = 0;
    await pause(this.#backoffMs, this.#context.stopping);
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MS.max);
  }

  #logRouted(stored: readonly Examined[]): void {
    this.#routed += stored.length;
    const { log } = this.#context;
    for (const examined of stored) {
      if (examined.step.kind !== "route") continue;
      const signal = examined.step.definition.name;
      this.#context.count("intents_routed_total", { signal });
      if (stored.length > LOGGED_SINGLY) continue;
      const id = intentId(examined);
      log.info({ file: intentName(examined.path), signal, id, trace: id }, "routed an intent");
    }
    if (stored.length > LOGGED_SINGLY) log.info({ files: stored.length }, "routed intents");
  }
}

function refusedByDecision(examined: Examined): readonly Refused[] {
  return examined.step.kind === "reject" ? [{ examined, reason: examined.step.reason }] : [];
}
