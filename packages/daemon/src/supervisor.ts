/** The service manager (systemd), as far as it listens: every call is a no-op without NOTIFY_SOCKET. */
import notify from "sd-notify";
import { monotonicMicroseconds } from "./monotonic_microseconds.ts";
import type { Logger } from "./types.ts";

export interface Supervisor {
  /** Whether anybody listens. */
  readonly present: boolean;
  /** How often it expects a sign of life, ms; 0: never. */
  readonly watchdogIntervalMs: number;
  ready(): void;
  status(text: string): void;
  watchdog(): void;
  /** Start-up or stop goes on legitimately: asks for this much more time, ms. */
  extendTimeout(ms: number): void;
  /** Reads its configuration again; `ready` says that this is over. */
  reloading(): void;
  stopping(): void;
}

/** What the patched dependency offers (see patches/). */
interface SdNotify {
  ready(): void;
  stopping(pid: number): void;
  watchdog(): void;
  watchdogInterval(): number;
  sendState(state: string): void;
  sendStatus(text: string): void;
  barrier(timeoutMs: number): boolean;
}

const STATUS_CHARACTERS_MAX = 300;
const BARRIER_MS = 1000;

/** A library that is missing or refuses is reported once; the service runs on, unsupervised. */
export function connectSupervisor(
  env: Readonly<Record<string, string | undefined>>,
  log: Pick<Logger, "error">,
): Supervisor {
  const sd = notify as unknown as SdNotify;
  const present = (env["NOTIFY_SOCKET"] ?? "") !== "";
  let broken = !present;
  function attempt<T>(call: () => T, otherwise: T): T {
    if (broken) return otherwise;
    try {
      return call();
    } catch (error) {
      broken = true;
      log.error(
        { error },
        "cannot talk to systemd (libsystemd.so.0); it will not learn that this service is ready",
      );
      return otherwise;
    }
  }
  const send = (state: string): void => {
    attempt(() => {
      sd.sendState(state);
    }, undefined);
  };
  return {
    present,
    watchdogIntervalMs: attempt(() => sd.watchdogInterval(), 0),
    ready: () => {
      attempt(() => {
        sd.ready();
      }, undefined);
    },
    status: (text) => {
      send(`STATUS=${text.replaceAll(/\s+/g, " ").slice(0, STATUS_CHARACTERS_MAX)}`);
    },
    watchdog: () => {
      attempt(() => {
        sd.watchdog();
      }, undefined);
    },
    extendTimeout: (ms) => {
      send(`EXTEND_TIMEOUT_USEC=${String(Math.round(ms * 1000))}`);
    },
    reloading: () => {
      // The kernel's own clock since the boot, which a service manager that waits for the reload compares with its own.
      const sinceBoot = monotonicMicroseconds();
      send(`RELOADING=1${sinceBoot === undefined ? "" : `\nMONOTONIC_USEC=${String(sinceBoot)}`}`);
    },
    stopping: () => {
      attempt(() => {
        sd.stopping(process.pid);
        // So that the last words are attributed to this unit although the process ends right away.
        sd.barrier(BARRIER_MS);
      }, undefined);
    },
  };
}
