/** A backlog of intent files through the real router and bus: also what the end-to-end test runs, in small. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { writeIntent, writeIntents } from "@kloros/intent-router/testing";
import { makePlace, startBus, startService } from "../house/bus_daemon.ts";
import type { Child } from "../house/child.ts";
import { memoryOf } from "../house/proc_stat.ts";
import type { Scratch } from "../house/scratch.ts";
import { sharedNowMs } from "../house/statistics.ts";

/** A real incident. */
export const BACKLOG_FILES = 44_638;
const URGENT_ID = "newcomer";
const READY_MS = 20_000;
/** The newcomer comes when so many of the waiting files are gone. */
const NEWCOMER_AT = 0.3;

export interface BacklogResult {
  readonly files: number;
  /** From the start of the router's process to the empty directory. */
  readonly routedS: number;
  /** Until the handler had seen all. */
  readonly handledS: number;
  readonly urgentMs: number;
  /** Waiting files when the newcomer came. */
  readonly overtaken: number;
  readonly routerPeakMb: number;
  readonly busPeakMb: number;
  readonly lost: number;
  readonly doubled: number;
}

export async function runBacklog(
  scratch: Scratch,
  { files, limitMs }: { readonly files: number; readonly limitMs: number },
): Promise<BacklogResult> {
  const place = makePlace(scratch);
  const { intents, busEndpoint } = place.paths;
  mkdirSync(intents, { recursive: true });
  const ids = writeIntents(intents, files);
  const bus = await startBus(scratch, place);
  const handler = scratch.run(join(import.meta.dir, "counting_handler_process.ts"), [busEndpoint]);
  await handler.event("ready", READY_MS);
  handler.tell(JSON.stringify({ urgent: URGENT_ID, total: files + 1 }));
  const startedAt = sharedNowMs();
  const router = await startService(scratch, place, "intent-router");
  const until = performance.now() + limitMs;
  await waitForWaiting(intents, files * (1 - NEWCOMER_AT), until);
  const overtaken = waitingIn(intents);
  const droppedAt = sharedNowMs();
  writeIntent(intents, URGENT_ID, { priority: 10 });
  const urgent = await handler.event("urgent", limitMs);
  await waitForWaiting(intents, 0, until);
  const routedS = (sharedNowMs() - startedAt) / 1000;
  const all = await handler.event("all", limitMs);
  const handledS = (Number(all["at"]) - startedAt) / 1000;
  const peaks = { routerPeakMb: peakOf(router), busPeakMb: peakOf(bus) };
  handler.tell("report");
  const { counts } = (await handler.event("report", READY_MS)) as unknown as {
    counts: Record<string, number>;
  };
  await scratch.end([bus, handler, router]);
  return {
    files,
    routedS,
    handledS,
    urgentMs: Number(urgent["at"]) - droppedAt,
    overtaken,
    ...peaks,
    lost: [...ids, URGENT_ID].filter((id) => counts[id] === undefined).length,
    doubled: Object.values(counts).filter((count) => count > 1).length,
  };
}

function peakOf(child: Child): number {
  return memoryOf(child.pid)?.peakMb ?? NaN;
}

function waitingIn(directory: string): number {
  return readdirSync(directory).filter((name) => name.endsWith(".json")).length;
}

async function waitForWaiting(directory: string, atMost: number, until: number): Promise<void> {
  for (let left = waitingIn(directory); left > atMost; left = waitingIn(directory)) {
    if (performance.now() > until) throw new Error(`${String(left)} intent files still wait in ${directory}`);
    // Each look lists the directory: seldom while there is much to list.
    await Bun.sleep(left > 2000 ? 100 : 10);
  }
}
