/**
 * `up` from beginning to end: home, bus, services, flow, and the way back.
 *
 * Invariant: whatever happens after the first service was started, all of them are gone when this returns.
 */
import { type Bus, connectBus } from "@kloros/bus-client";
import { lockInstance, messageOf } from "@kloros/daemon";
import type { DeadLetter } from "@kloros/journal";
import { FlowFeed } from "./flow/flow_feed.ts";
import { FlowTally } from "./flow/flow_tally.ts";
import { PromotionWatch } from "./flow/promotion_watch.ts";
import { showHeader } from "./header.ts";
import { type OpenedHome, openHome } from "./open_home.ts";
import { takeSample } from "./rest_probe.ts";
import type { ServiceGroup } from "./service_group.ts";
import { lookCommand } from "./look_command.ts";
import { makeServices } from "./start_services.ts";
import { listenForStop, type StopRequests } from "./stop_requests.ts";
import { describeLetter, showSummary } from "./summary.ts";
import type { UpOptions, UpWorld } from "./up_options.ts";
import { View } from "./view/view.ts";
import { type FlowEnd, watchFlow } from "./watch_flow.ts";
import { lookAtFiles, writtenSince } from "./written_files.ts";

const UP_EXIT = { ok: 0, failed: 1, alreadyRunning: 75, interrupted: 130 } as const;

/** For a service to end by itself; the kit's own grace for work in progress is 10 s. */
const STOP_GRACE_MS = 12_000;
const BUS_START_MS = 30_000;
const DEAD_LETTERS_MAX = 1000;

/** Resolves with the exit code when nothing of it runs any more. */
export async function runUp(options: UpOptions, world: UpWorld, version: string): Promise<number> {
  const view = new View({
    mode: options.json ? "json" : options.quiet ? "quiet" : "lines",
    coloured: options.color,
    write: world.write,
    nowMs: world.nowMs,
    columns: world.terminal ? world.columns : undefined,
  });
  let group: ServiceGroup | undefined;
  const stop = listenForStop((name) => {
    group?.killAll();
    view.problem(`a second ${name}: everything was killed`);
    process.exit(UP_EXIT.interrupted);
  });
  world.outputGone.addEventListener("abort", () => {
    stop.ask("nobody reading its output");
  });
  try {
    const home = await openHome(options, { world, view, version, abort: stop.asked });
    const lock = lockInstance(home.paths, "up");
    if (lock.held) return alreadyRunning(view, home, lock.holderPid);
    showHeader(view, home, options, version);
    const run = new UpRun({ options, view, home, stop });
    group = run.group;
    try {
      return await run.toTheEnd();
    } finally {
      lock.release();
    }
  } catch (error) {
    if (stop.asked.aborted) return UP_EXIT.interrupted;
    view.problem(`up: ${messageOf(error)}`);
    return UP_EXIT.failed;
  } finally {
    stop.forget();
  }
}

function alreadyRunning(view: View, home: OpenedHome, pid: number | undefined): number {
  const who = pid === undefined ? "another up" : `another up (pid ${pid})`;
  view.problem(`${who} runs on ${home.paths.home} already. Look at it with: ${lookCommand(home.paths)}`);
  return UP_EXIT.alreadyRunning;
}

interface RunContext {
  readonly options: UpOptions;
  readonly view: View;
  readonly home: OpenedHome;
  readonly stop: StopRequests;
}

class UpRun {
  readonly group: ServiceGroup;
  readonly #context: RunContext;
  readonly #tally = new FlowTally();
  readonly #gaveUp = Promise.withResolvers<string>();
  readonly #startedMs = performance.now();

  constructor(context: RunContext) {
    this.#context = context;
    const { home, view } = context;
    this.group = makeServices({ home, view, tally: this.#tally, onGaveUp: this.#gaveUp.resolve });
  }

  async toTheEnd(): Promise<number> {
    const { home, view } = this.#context;
    const before = lookAtFiles(home.paths);
    const { busEndpoint: endpoint, liveEndpoint } = home.paths;
    const bus = connectBus({ endpoint, liveEndpoint, service: "operator" });
    const feed = new FlowFeed(bus, (signal) => {
      this.#tally.add(signal);
      view.signal(signal);
    });
    const promotions = new PromotionWatch(home.paths.promotions, (text) => {
      view.note(view.palette.good(text));
    });
    let end: FlowEnd;
    let deadLetters: readonly DeadLetter[] = [];
    try {
      ({ end, deadLetters } = await this.#flow(bus, feed, promotions));
    } finally {
      await this.#stopAll(bus, feed);
      promotions.look();
    }
    showSummary(view, {
      tally: this.#tally,
      written: writtenSince(before, lookAtFiles(home.paths)),
      logs: home.paths.logs,
      restarts: this.group.all.reduce((sum, { restarts }) => sum + restarts, 0),
      deadLetters,
      ranMs: performance.now() - this.#startedMs,
    });
    return this.#exitCode(end, deadLetters);
  }

  async #flow(
    bus: Bus,
    feed: FlowFeed,
    promotions: PromotionWatch,
  ): Promise<{ end: FlowEnd; deadLetters: readonly DeadLetter[] }> {
    const { options, home, stop } = this.#context;
    const gaveUp = this.#gaveUp.promise;
    this.group.bus?.start();
    const began = await Promise.race([this.#begin(bus, feed), gaveUp, whenAborted(stop.asked)]);
    if (typeof began === "string") return { end: { kind: "gave_up", service: began }, deadLetters: [] };
    if (began === undefined) return { end: { kind: "asked", why: reason(stop) }, deadLetters: [] };
    this.group.startAllButBus();
    const targets = { bus, group: this.group, feed, paths: home.paths, mode: home.mode };
    const end = await watchFlow({
      once: options.once,
      timeoutMs: options.timeoutMs,
      asked: stop.asked,
      gaveUp,
      sample: async () => {
        promotions.look();
        return takeSample(targets, performance.now());
      },
      catchUp: async () => {
        promotions.look();
        await feed.catchUp();
      },
      monotonicMs: () => performance.now(),
    });
    return { end, deadLetters: await newDeadLetters(bus, began.lastDeadLetter) };
  }

  /** The bus answers and the feed stands, before anybody says anything. */
  async #begin(bus: Bus, feed: FlowFeed): Promise<{ readonly lastDeadLetter: number }> {
    const deadline = performance.now() + BUS_START_MS;
    for (;;) {
      try {
        const status = await bus.admin("status", {});
        await feed.start(status.lastSeq);
        return { lastDeadLetter: (await lastLetters(bus, 0)).at(-1)?.n ?? 0 };
      } catch (error) {
        // Closed: it was ended before the bus answered, and nobody waits for this any more.
        if (bus.state === "closed" || performance.now() > deadline) {
          const logs = this.#context.home.paths.logs;
          throw new Error(`the bus does not answer (${String(error)}); see ${logs}/chemical-bus.log`, {
            cause: error,
          });
        }
        await Bun.sleep(50);
      }
    }
  }

  async #stopAll(bus: Bus, feed: FlowFeed): Promise<void> {
    const { view } = this.#context;
    view.note(view.palette.faint("stopping the services"));
    await feed.catchUp().catch(() => undefined);
    await feed.stop().catch(() => undefined);
    await bus.close().catch(() => undefined);
    await this.group.stop(STOP_GRACE_MS);
    view.flush();
    const left = this.group.pids();
    if (left.length > 0) view.problem(`still running: ${left.join(", ")}`);
    else view.note(view.palette.faint("nothing is left running"));
  }

  #exitCode(end: FlowEnd, deadLetters: readonly DeadLetter[]): number {
    const { view, options } = this.#context;
    if (end.kind === "gave_up") {
      view.problem(`ended because ${end.service} cannot run`);
      return UP_EXIT.failed;
    }
    if (end.kind === "timed_out") {
      view.problem(`the flow did not come to rest: ${end.reasons.join("; ")}`);
      return UP_EXIT.failed;
    }
    if (!options.once) return UP_EXIT.ok;
    if (end.kind === "asked") {
      view.problem(`ended by ${end.why} before the flow came to rest`);
      return UP_EXIT.interrupted;
    }
    const dead = deadLetters.filter(({ state }) => state === "dead");
    if (dead.length === 0) return UP_EXIT.ok;
    view.problem(`${dead.length} dead letters: ${dead.slice(0, 3).map(describeLetter).join("; ")}`);
    return UP_EXIT.failed;
  }
}

function reason(stop: StopRequests): string {
  return (stop.asked.reason as Error).message;
}

async function whenAborted(signal: AbortSignal): Promise<undefined> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  return undefined;
}

async function newDeadLetters(bus: Bus, after: number): Promise<readonly DeadLetter[]> {
  try {
    return await lastLetters(bus, after);
  } catch {
    return [];
  }
}

async function lastLetters(bus: Bus, after: number): Promise<readonly DeadLetter[]> {
  const found: DeadLetter[] = [];
  for (;;) {
    const page = await bus.admin("deadLetters", { after: found.at(-1)?.n ?? after, limit: DEAD_LETTERS_MAX });
    found.push(...page);
    if (page.length < DEAD_LETTERS_MAX) return found;
  }
}
