import { fsyncSync, closeSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Bench, BenchContext } from "../bench.ts";
import { makePlace, startBus, startService } from "../house/bus_daemon.ts";
import type { Child } from "../house/child.ts";
import { measureRounds, type Quantity } from "../house/rounds.ts";
import { latenciesOf, median, sharedNowMs } from "../house/statistics.ts";

const PERIOD_MS = 20;
const WARM_UP = 50;
const READY_MS = 20_000;
const RUN_MS = 60_000;

/** As the observer of an installation writes: beside, synced, renamed into place. Returns when that was, ms. */
function dropIntent(directory: string, id: string): number {
  const content = {
    intent_type: "curiosity_investigate",
    priority: 5,
    reason: "measured",
    data: { question_id: id, question: `What is ${id}?`, evidence: [] },
    generated_at: Date.now() / 1000,
    emitted_by: "bench",
  };
  const temporary = join(directory, `${id}.tmp`);
  const fd = openSync(temporary, "w");
  writeSync(fd, JSON.stringify(content));
  fsyncSync(fd);
  closeSync(fd);
  const at = sharedNowMs();
  renameSync(temporary, join(directory, `${id}.json`));
  return at;
}

/** Files one after the other at a steady pace; latencies of all. */
async function dropAll(directory: string, handler: Child, ids: readonly string[]): Promise<number[]> {
  handler.tell(String(ids.length));
  const dropped = new Map<string, number>();
  for (const id of ids) {
    dropped.set(id, dropIntent(directory, id));
    await Bun.sleep(PERIOD_MS);
  }
  const { seen } = await handler.event("handled", RUN_MS);
  return (seen as [string, number][]).map(([id, at]) => at - (dropped.get(id) ?? 0));
}

async function measure({ scratch, quick }: BenchContext): Promise<Quantity[]> {
  const place = makePlace(scratch);
  mkdirSync(place.paths.intents, { recursive: true });
  const bus = await startBus(scratch, place);
  const handler = scratch.run(join(import.meta.dir, "handler_process.ts"), [place.paths.busEndpoint]);
  await handler.event("ready", READY_MS);
  const router = await startService(scratch, place, "intent-router");
  const ids = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}-${String(index)}`);
  await dropAll(place.paths.intents, handler, ids("warm", WARM_UP));
  const { p50, p99, max } = latenciesOf(
    await dropAll(place.paths.intents, handler, ids("file", quick ? 100 : 1000)),
  );
  await scratch.end([bus, handler, router]);
  return [
    { what: "p50", unit: "ms", value: p50 },
    { what: "p99", unit: "ms", value: p99 },
    { what: "max", unit: "ms", value: max },
  ];
}

export const intentFile: Bench = {
  name: "intent-file",
  title: "intent file closed → consumer's handler",
  method:
    "A file is written beside its place, synced, closed and renamed into the intents directory; the time runs from just before the rename to the first act of the handler in another process, " +
    "through the real intent-router (inotify, read, check, publish) and the real bus (stored with a sync before it is delivered). One file each 20 ms.",
  limitMs: 6 * 60_000,
  async run(context) {
    const figures = await measureRounds(
      [{ name: "kloros", measure: () => measure(context) }],
      context.quick ? 1 : 3,
      context.say,
    );
    const medianOf = (what: string): number =>
      median(figures.find((figure) => figure.what === what)?.values ?? []);
    return {
      figures,
      ratios: [
        { text: "intent file → handler, p50", value: medianOf("p50"), unit: "ms", wanted: { atMost: 2 } },
        { text: "intent file → handler, p99", value: medianOf("p99"), unit: "ms", wanted: { atMost: 10 } },
      ],
      notes: [],
    };
  },
};
