/**
 * The router's loop: list, survey, route, until nothing is left that can be routed now.
 *
 * Work is cut into short pieces (a batch, a chunk of the survey), and before each piece newcomers are looked at: that
 * is how an urgent one overtakes any backlog within a second.
 */
import { ageText, type ServiceContext } from "@kloros/daemon";
import { Backlog } from "./backlog.ts";
import { Dispatch } from "./dispatch.ts";
import type { Examined } from "./examine.ts";
import { openIntentDirectory } from "./intent_directory.ts";
import type { RouterConfig } from "./manifest.ts";
import { compileTable } from "./mapping_table.ts";
import { yieldTurn } from "./yield_turn.ts";
import { openRejectedDirectory } from "./rejected_directory.ts";
import type { RejectedDirectory } from "./rejected_directory.ts";
import type { DirectoryHints } from "./watch_directory.ts";

/** Content of one batch, bytes; larger files go in smaller batches. */
const BATCH_BYTES_MAX = 1024 * 1024;

type Context = ServiceContext<RouterConfig>;

export class Router {
  readonly #context: Context;
  readonly #backlog: Backlog;
  readonly #dispatch: Dispatch;
  readonly #rejected: RejectedDirectory;
  /** Files dealt with so far, and when that number last changed. */
  #last = { count: 0, atMs: 0 };

  constructor(context: Context, hints: DirectoryHints) {
    const { config, paths, clock, log } = context;
    this.#context = context;
    const directory = openIntentDirectory(paths.intents, { sizeBytesMax: config.fileBytesMax });
    this.#rejected = openRejectedDirectory(paths.intentsRejected, {
      intents: paths.intents,
      quietMs: config.quietMs,
      sizeBytesMax: config.fileBytesMax,
      filesMax: config.rejectedFilesMax,
    });
    const rules = {
      findTarget: compileTable(config.types),
      sizeBytesMax: config.fileBytesMax,
      quietMs: config.quietMs,
    };
    const { scanIntervalMs } = config;
    const create = context.mode === "act";
    this.#backlog = new Backlog({ directory, hints, rules, scanIntervalMs, create, clock, log });
    this.#dispatch = new Dispatch({ context, backlog: this.#backlog, directory, rejected: this.#rejected });
  }

  /** Why the router cannot do its work; undefined: it can. */
  problem(): string | undefined {
    if (this.#backlog.unreadable !== undefined) return this.#backlog.unreadable;
    if (this.#context.mode === "observe") return undefined;
    const { held } = this.#backlog;
    const reason = held.reason("dealt-with");
    return (
      reason &&
      `${held.count("dealt-with")} intents were dealt with and cannot be moved away, e.g.: ${reason}`
    );
  }

  /** Routes until nothing is left that can be routed now, or the service stops. */
  async run(): Promise<void> {
    const { clock, stopping } = this.#context;
    const startedMs = clock.monotonicMs();
    let worked = true;
    while (worked && !stopping.aborted) {
      await this.#context.notInMaintenance();
      this.#backlog.refresh();
      worked = await this.#work();
    }
    this.#report(clock.monotonicMs() - startedMs);
  }

  /** Rejected files that were changed go back among the intents; true when there were some. */
  reviewRejected(): boolean {
    if (this.#context.mode === "observe") return false;
    const back = this.#rejected.reviewChanges(this.#context.clock.monotonicMs());
    for (const path of back) {
      this.#context.log.info({ file: path }, "a rejected intent was changed and is looked at again");
      this.#backlog.addNewcomer(path);
    }
    return back.length > 0;
  }

  /** One piece of work of each kind. False: there was none. */
  async #work(): Promise<boolean> {
    const newcomers = this.#backlog.takeNewcomers();
    await this.#act(newcomers ?? []);
    const surveyed = this.#backlog.surveySome();
    if (surveyed) {
      await yieldTurn();
      return true;
    }
    const next = this.#backlog.takeNext(this.#context.config.batchFiles);
    await this.#act(next ?? []);
    return newcomers !== undefined || next !== undefined;
  }

  async #act(examined: readonly Examined[]): Promise<void> {
    for (const batch of cutBatches(examined, this.#context.config.batchFiles)) {
      if (this.#context.stopping.aborted) return;
      await this.#dispatch.act(batch);
    }
  }

  #report(durationMs: number): void {
    const waiting = this.#backlog.size;
    const { routed, rejected } = this.#dispatch.counts;
    this.#context.gauge("intents_waiting", waiting);
    this.#context.gauge("intents_unreadable", this.#backlog.held.count("denied"));
    this.#context.gauge("intents_scan_seconds", durationMs / 1000);
    const nowMs = this.#context.clock.monotonicMs();
    if (routed + rejected !== this.#last.count) this.#last = { count: routed + rejected, atMs: nowMs };
    const ago = this.#last.count === 0 ? "" : `, last ${ageText(nowMs - this.#last.atMs)} ago`;
    this.#context.status(`${routed} routed, ${waiting} waiting, ${rejected} rejected${ago}`);
  }
}

/** In order, bounded in number and in bytes. */
function cutBatches(examined: readonly Examined[], countMax: number): readonly (readonly Examined[])[] {
  const batches: Examined[][] = [];
  let bytes = 0;
  for (const one of examined) {
    const last = batches.at(-1);
    const fits =
      last !== undefined && last.length < countMax && bytes + one.look.bytes.length <= BATCH_BYTES_MAX;
    bytes = fits ? bytes + one.look.bytes.length : one.look.bytes.length;
    if (fits) last.push(one);
    else batches.push([one]);
  }
  return batches;
}
