/** Runs the real `up` for the tests beside it, and looks at what it does from outside. */
import { afterEach, beforeEach } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Envelope } from "@kloros/signal-schema";
import { killNow, processesOf } from "./house/processes.ts";

const MAIN = join(import.meta.dir, "../../cli/src/main.ts");

/** One line of `up --json`. */
export interface UpEvent {
  readonly event: "note" | "problem" | "service" | "signal" | "log" | "summary";
  readonly text?: string;
  readonly service?: string;
  readonly kind?: string;
  readonly pid?: number;
  readonly signal?: Envelope;
  readonly dry?: boolean;
  readonly integrated?: readonly string[];
  readonly signals?: Readonly<Record<string, number>>;
  readonly dream_cycles?: Readonly<Record<string, number>>;
  readonly deployed?: readonly string[];
}

export interface UpRun {
  readonly pid: number;
  readonly events: readonly UpEvent[];
  /** All of standard output and standard error so far. */
  text(): string;
  /** Resolves with the first event that fits, also one that has come already. Rejects after 60 s, with all that was said. */
  until(what: string, fits: (event: UpEvent) => boolean): Promise<UpEvent>;
  signal(name: NodeJS.Signals): void;
  readonly exited: Promise<number>;
}

const WAIT_MS = 60_000;

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly json?: boolean;
  /** Whether D-REAM cycles measure anything; default: they end at once and find nothing new. */
  readonly dream?: boolean;
}

export function startUp(args: readonly string[], options: StartOptions = {}): UpRun {
  const json = options.json ?? true;
  const child = Bun.spawn([process.execPath, MAIN, "up", ...args, ...(json ? ["--json"] : [])], {
    // No fixed port, nothing of the caller's settings.
    env: {
      PATH: process.env["PATH"],
      KLOROS_CHEMICAL_BUS_LIVE_ENDPOINTS: "",
      ...(options.dream === true ? {} : { KLOROS_DREAM_CONSUMER_COMMAND: "true" }),
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const events: UpEvent[] = [];
  let said = "";
  const waiting = new Set<() => void>();
  const follow = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    let held = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const text = decoder.decode(chunk, { stream: true });
      said += text;
      const lines = (held + text).split("\n");
      held = lines.pop() ?? "";
      if (json) events.push(...lines.filter((line) => line.startsWith("{")).map(parseEvent));
      for (const wake of waiting) wake();
    }
  };
  const output = Promise.all([follow(child.stdout), follow(child.stderr)]);
  return {
    pid: child.pid,
    events,
    text: () => said,
    signal: (name) => {
      child.kill(name);
    },
    exited: child.exited.then(async (code) => {
      await Promise.race([output, Bun.sleep(1000)]);
      return code;
    }),
    until: async (what, fits) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`waited ${WAIT_MS} ms for ${what}; up said:\n${said}`));
        }, WAIT_MS);
        const look = (): void => {
          const found = events.find(fits);
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

function parseEvent(line: string): UpEvent {
  return JSON.parse(line) as UpEvent;
}

/** Waits until no process of this directory is left; resolves with those that are after the bound. */
export async function leftAfter(directory: string, boundMs: number): Promise<readonly number[]> {
  const endMs = performance.now() + boundMs;
  while (processesOf(directory).length > 0 && performance.now() < endMs) await Bun.sleep(20);
  return processesOf(directory);
}

/** A directory for each test of the file that asks for one, and a home in it that is not there yet. */
export function placeForEach(): { readonly path: string; readonly home: string } {
  let path = "";
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "kloros-up-"));
  });
  afterEach(() => {
    for (const pid of processesOf(path)) killNow(pid);
    rmSync(path, { recursive: true, force: true });
  });
  return {
    get path() {
      return path;
    },
    get home() {
      return join(path, "home");
    },
  };
}

/** Every path below a directory with its kind, content and time. */
export function fingerprint(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const content = entry.isFile() ? Bun.hash(readFileSync(path)).toString(16) : "";
      return `${path} ${entry.isDirectory() ? "directory" : "file"} ${content}`;
    })
    .toSorted();
}

export function readLines(path: string): readonly Record<string, unknown>[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
