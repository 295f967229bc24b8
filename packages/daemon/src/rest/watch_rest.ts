/**
 * Whether this service is to rest: maintenance mode is on, or it is paused by name. Who asks waits; nothing is dropped.
 *
 * One timer a service looks once a second, whatever the number of its consumers: two stats cost microseconds and cannot be
 * missed, an inotify watch can.
 */
import { existsSync } from "node:fs";
import type { KitLogger } from "../log/create_log.ts";
import type { Clock, Installation, Mode } from "../types.ts";
import { isOver, peekMarker, removeIfOver, type RestNote } from "./marker.ts";
import { pauseFile } from "./pauses.ts";
import { maintenanceText, pauseText } from "./rest_text.ts";

const POLL_MS = 1000;

/** What is on now, each in words; undefined: not. */
export interface Resting {
  readonly maintenance: string | undefined;
  readonly paused: string | undefined;
}

export interface Rest {
  /** As of the last look, at most a poll old. Costs nothing. */
  readonly now: Resting;
  /** Looks. */
  look(): Resting;
  /** Called after each change. */
  onChange(listener: (resting: Resting) => void): () => void;
  /** Resolves when `condition` holds; looks first. Rejects with the reason of `abort`. */
  until(condition: (resting: Resting) => boolean, abort: AbortSignal): Promise<void>;
}

export interface RestOptions {
  readonly paths: Pick<Installation, "maintenanceMarker" | "paused">;
  /** Paused by this name; undefined: cannot be paused. */
  readonly service: string | undefined;
  /** Only who acts takes away a marker that is over. */
  readonly mode: Mode;
  readonly clock: Clock;
  readonly log: Pick<KitLogger, "info" | "warn">;
  /** Ends the looking. */
  readonly stopping: AbortSignal;
  readonly pollMs?: number | undefined;
}

export function watchRest(options: RestOptions): Rest {
  const { paths, service, stopping } = options;
  const paused = service === undefined ? undefined : pauseFile(paths, service);
  const listeners = new Set<(resting: Resting) => void>();
  let now: Resting = { maintenance: undefined, paused: undefined };

  function look(): Resting {
    const next = {
      maintenance: inForce(paths.maintenanceMarker, maintenanceText, options),
      paused: paused === undefined ? undefined : inForce(paused, pauseText, options),
    };
    if (next.maintenance !== now.maintenance || next.paused !== now.paused) {
      now = next;
      for (const listener of listeners) listener(next);
    }
    return now;
  }

  function onChange(listener: (resting: Resting) => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  look();
  const timer = setInterval(look, options.pollMs ?? POLL_MS);
  stopping.addEventListener("abort", () => clearInterval(timer), { once: true });
  return {
    get now() {
      return now;
    },
    look,
    onChange,
    until: async (condition, abort) => {
      abort.throwIfAborted();
      if (!condition(look())) await changed(onChange, condition, abort);
    },
  };
}

function changed(
  onChange: Rest["onChange"],
  condition: (resting: Resting) => boolean,
  abort: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget = onChange((resting) => {
      if (!condition(resting)) return;
      abort.removeEventListener("abort", give);
      forget();
      resolve();
    });
    const give = (): void => {
      forget();
      reject(abort.reason as Error);
    };
    abort.addEventListener("abort", give, { once: true });
  });
}

function inForce(path: string, text: (note: RestNote) => string, options: RestOptions): string | undefined {
  // Nearly always: there is none.
  if (!existsSync(path)) return undefined;
  const note = peekMarker(path);
  if (note === undefined) return undefined;
  const nowMs = options.clock.wallMs();
  if (!isOver(note, nowMs)) return text(note);
  if (options.mode === "act") takeAway(path, nowMs, options.log);
  return undefined;
}

function takeAway(path: string, nowMs: number, log: RestOptions["log"]): void {
  try {
    if (removeIfOver(path, nowMs)) log.info({ file: path }, "its time is over: the marker was taken away");
  } catch (error) {
    log.warn(
      { file: path, error },
      "its time is over and the marker cannot be taken away; it no longer counts here",
    );
  }
}
