/**
 * What waits in the directory: listed, looked at, put in order.
 *
 * Level-triggered: names that the kernel hints at (newcomers) are looked at first, but only the listing decides what
 * is there. Memory: names and numbers of what waits; contents only of what is handed out.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "@kloros/daemon";
import type { Clock, Logger } from "@kloros/daemon";
import type { Rules } from "./decide.ts";
import { examine, rankOfStep } from "./examine.ts";
import type { Examination, Examined } from "./examine.ts";
import { signatureOf } from "./file_look.ts";
import { HeldFiles } from "./held_files.ts";
import type { IntentDirectory } from "./intent_directory.ts";
import { PRIORITIES, isUrgent } from "./priority.ts";
import { WaitingLine } from "./waiting_line.ts";
import type { DirectoryHints } from "./watch_directory.ts";

/** Looked at in one go: about 20 ms of reading between two looks at newcomers. */
const SURVEY_CHUNK = 256;
const NEWCOMERS_CHUNK = 512;
/** Files that could not be moved away, tried again a listing: mostly it is the directory, and then all of them fail. */
const RETRY_FAILURES_MAX = 32;

export interface BacklogOptions {
  readonly directory: IntentDirectory;
  readonly hints: DirectoryHints;
  readonly rules: Rules;
  readonly scanIntervalMs: number;
  /** Creates the directory when it is missing. */
  readonly create: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Backlog {
  readonly held = new HeldFiles();
  readonly #options: BacklogOptions;
  readonly #line = new WaitingLine(PRIORITIES.length);
  readonly #newcomers = new Set<string>();
  #unsurveyed: string[] = [];
  #listedMs = Number.NEGATIVE_INFINITY;
  #unreadable: string | undefined;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#line.size + this.#unsurveyed.length + this.#newcomers.size + this.held.size;
  }

  /** Why the directory cannot be listed; undefined: it can. */
  get unreadable(): string | undefined {
    return this.#unreadable;
  }

  /** Takes in the kernel's hints, and lists when that is due. */
  refresh(): void {
    const { names, all } = this.#options.hints.take();
    for (const name of names) this.#newcomers.add(name);
    // A little early, so that a timer of the same interval never comes just too soon.
    const dueMs = this.#listedMs + this.#options.scanIntervalMs * 0.9;
    if (all || this.#nowMs() >= dueMs) this.#list();
  }

  /** A path to look at before all others. */
  addNewcomer(path: string): void {
    this.#newcomers.add(path);
  }

  /** Back in line, to be looked at again when its turn comes. */
  putBack({ path, look, step }: Examined): void {
    this.#line.add({ path, rank: rankOfStep(step), writtenMs: look.writtenMs });
  }

  /** The urgent ones among the newcomers; all of them when nothing else waits. undefined: there were none. */
  takeNewcomers(): readonly Examined[] | undefined {
    if (this.#newcomers.size === 0) return undefined;
    const idle = this.#line.size === 0 && this.#unsurveyed.length === 0;
    const now: Examined[] = [];
    for (const path of [...this.#newcomers].slice(0, NEWCOMERS_CHUNK)) {
      this.#newcomers.delete(path);
      const examined = this.#examine(path);
      if (examined === undefined) continue;
      if (idle || isOvertaking(examined)) now.push(examined);
      else this.putBack(examined);
    }
    return now.toSorted(
      (a, b) => rankOfStep(a.step) - rankOfStep(b.step) || a.look.writtenMs - b.look.writtenMs,
    );
  }

  /** Looks at some files that are not in line yet, without keeping their contents. False: all are. */
  surveySome(): boolean {
    if (this.#unsurveyed.length === 0) return false;
    for (const path of this.#unsurveyed.splice(-SURVEY_CHUNK)) {
      const examined = this.#examine(path);
      if (examined !== undefined) this.putBack(examined);
    }
    return true;
  }

  /** The next in line. undefined: nobody waits. */
  takeNext(count: number): readonly Examined[] | undefined {
    const waiting = this.#line.take(count);
    if (waiting.length === 0) return undefined;
    return waiting.map(({ path }) => this.#examine(path)).filter((examined) => examined !== undefined);
  }

  #list(): void {
    const { directory, hints, create, log } = this.#options;
    this.#listedMs = this.#nowMs();
    hints.rearm();
    try {
      if (create) mkdirSync(directory.root, { recursive: true });
      const paths = directory.list();
      this.held.keepOnly(new Set(paths));
      this.#reviewHeld();
      this.#unsurveyed = paths.filter((path) => !this.#line.has(path) && !this.held.has(path));
      this.#unreadable = undefined;
    } catch (error) {
      const why = errorCode(error) ?? String(error);
      const reason = `cannot list ${directory.root}: ${why}; make it a directory that this service may read and write`;
      if (this.#unreadable !== reason) log.error({ directory: directory.root }, reason);
      this.#unreadable = reason;
      this.#unsurveyed = [];
    }
  }

  /** Files held back: those that changed, or whose time has come, are looked at again. */
  #reviewHeld(): void {
    const { directory, rules } = this.#options;
    const nowMs = this.#nowMs();
    let failures = 0;
    for (const [path, held] of this.held.entries()) {
      const same = directory.isSame(path, held.signature);
      if (held.why === "unfinished" && same && nowMs - held.sinceMs < rules.quietMs) continue;
      if (held.why === "dealt-with" && same) {
        if (held.retry === undefined || failures >= RETRY_FAILURES_MAX) continue;
        if (held.retry()) this.held.delete(path);
        else {
          failures += 1;
          this.held.hold(path, held);
        }
        continue;
      }
      // Still held until the next look, which needs to know since when it is quiet.
      this.#newcomers.add(path);
    }
  }

  /** Lets through what can be acted on now; remembers why the rest cannot. */
  #examine(path: string): Examined | undefined {
    const { directory, rules } = this.#options;
    const nowMs = this.#nowMs();
    const examination = examine(directory, path, {
      rules,
      quietMs: (signature) => this.held.quietMs(path, signature, nowMs),
    });
    if ("step" in examination) return this.#sift(examination, nowMs);
    this.#remember(examination, nowMs);
    return undefined;
  }

  #sift(examined: Examined, nowMs: number): Examined | undefined {
    const { path, look, step } = examined;
    const { signature } = look;
    if (step.kind === "wait") {
      this.held.hold(path, { signature, sinceMs: nowMs, why: "unfinished", reason: step.reason });
      return undefined;
    }
    const held = this.held.get(path);
    // Dealt with before, and still the same: a late hint.
    return held?.why === "dealt-with" && held.signature === signature ? undefined : examined;
  }

  #remember(examination: Exclude<Examination, Examined>, nowMs: number): void {
    const { path } = examination;
    if ("absent" in examination) {
      this.held.delete(path);
      return;
    }
    const reason = examination.denied;
    if (this.held.get(path)?.reason !== reason) this.#options.log.warn({ file: path }, reason);
    const signature = signatureOf(join(this.#options.directory.root, path)) ?? "";
    this.held.hold(path, { signature, sinceMs: nowMs, why: "denied", reason });
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

function isOvertaking({ step }: Examined): boolean {
  return step.kind === "route" && isUrgent(step.priority);
}
