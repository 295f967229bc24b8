/** From "all started" to "enough": shows what is said until the flow rests, the time is over, or somebody stops it. */
import { type RestSample, RestWatch } from "./rest.ts";

export type FlowEnd =
  | { readonly kind: "asked"; readonly why: string }
  | { readonly kind: "rested"; readonly afterMs: number }
  | { readonly kind: "timed_out"; readonly reasons: readonly string[] }
  /** A service cannot run at all. */
  | { readonly kind: "gave_up"; readonly service: string };

export interface FlowWatchOptions {
  readonly once: boolean;
  readonly timeoutMs: number;
  readonly asked: AbortSignal;
  /** Resolves with the name of a service that cannot run. */
  readonly gaveUp: Promise<string>;
  readonly sample: () => Promise<RestSample>;
  /** Called between samples also when nobody waits for rest: reads what the live feed lost. */
  readonly catchUp: () => Promise<void>;
  readonly monotonicMs: () => number;
}

const SAMPLE_MS = 150;
const CATCH_UP_MS = 1000;

export async function watchFlow(options: FlowWatchOptions): Promise<FlowEnd> {
  const stop = new AbortController();
  const ended = Promise.race([
    whenAsked(options.asked),
    options.gaveUp.then((service): FlowEnd => ({ kind: "gave_up", service })),
  ]);
  const work = options.once ? waitForRest(options, stop.signal) : followOn(options, stop.signal);
  try {
    return await Promise.race([ended, work]);
  } finally {
    stop.abort();
  }
}

async function whenAsked(asked: AbortSignal): Promise<FlowEnd> {
  await new Promise<void>((resolve) => {
    if (asked.aborted) resolve();
    asked.addEventListener("abort", () => resolve(), { once: true });
  });
  return { kind: "asked", why: (asked.reason as Error).message };
}

async function waitForRest(options: FlowWatchOptions, stop: AbortSignal): Promise<FlowEnd> {
  const startedMs = options.monotonicMs();
  const watch = new RestWatch();
  while (!stop.aborted) {
    const afterMs = options.monotonicMs() - startedMs;
    if (afterMs > options.timeoutMs) break;
    try {
      const sample = await options.sample();
      if (watch.observe(sample)) return { kind: "rested", afterMs };
    } catch {
      // The bus is away for a moment: it is started again.
    }
    await Bun.sleep(SAMPLE_MS);
  }
  return { kind: "timed_out", reasons: watch.reasons() };
}

async function followOn(options: FlowWatchOptions, stop: AbortSignal): Promise<FlowEnd> {
  while (!stop.aborted) {
    await Bun.sleep(CATCH_UP_MS);
    await options.catchUp().catch(() => undefined);
  }
  return { kind: "asked", why: "stopped" };
}
