/** intent-router: what it decides of a file and what it says to the bus are the service's own; the directory is the simulation's. */
import {
  compileTable,
  decideIntent,
  type Examined,
  type FileLook,
  publishIntents,
  reportRejected,
  type Rules,
} from "@kloros/intent-router/testing";
import { sleep } from "../load/working.ts";
import type { Program, SimulatedProcess } from "../machine/process.ts";
import { type HouseContext, untilDone } from "./consuming.ts";
import { INTENTS, REJECTED } from "./house_scenario.ts";

const SCAN_MS = 1000;
const RULES: Rules = { findTarget: compileTable({}), sizeBytesMax: 256 * 1024, quietMs: 2000 };

export function router({ count }: HouseContext): Program {
  return async (process) => {
    const bus = process.connect("intent-router");
    process.onTerminate(() => bus.close());
    const seen = new Map<string, { readonly text: string; readonly sinceMs: number }>();
    for (;;) {
      const found = await lookAtAll(process, seen);
      const routed = found.filter(({ step }) => step.kind === "route");
      const abort = new AbortController().signal;
      const outcomes =
        routed.length === 0 ? [] : await publishIntents(bus, routed, { abort, nowMs: process.wallMs() });
      for (const [index, { path }] of routed.entries()) {
        const outcome = outcomes[index];
        count(`router.${outcome?.kind ?? "nothing"}`);
        if (outcome?.kind === "stored") await process.disk.remove(path);
      }
      for (const examined of found) {
        const { step, path } = examined;
        if (step.kind !== "reject") continue;
        await untilDone(process, () => reportRejected(bus, examined, step.reason));
        count("router.rejected");
        await process.disk.move(path, path.replace(INTENTS, REJECTED));
      }
      await sleep(process, SCAN_MS);
    }
  };
}

async function lookAtAll(
  process: SimulatedProcess,
  seen: Map<string, { readonly text: string; readonly sinceMs: number }>,
): Promise<Examined[]> {
  const found: Examined[] = [];
  for (const name of await process.disk.list(INTENTS)) {
    const path = `${INTENTS}/${name}`;
    // Before the look: who is stopped in between has not seen the file quiet for so long.
    const nowMs = process.ambient.monotonicMs();
    const text = await process.disk.read(path);
    if (text === undefined) continue;
    const before = seen.get(path);
    const sinceMs = before?.text === text ? before.sinceMs : nowMs;
    seen.set(path, { text, sinceMs });
    const look = lookOf(name, text);
    found.push({ path, look, step: decideIntent({ ...look, quietMs: nowMs - sinceMs }, RULES) });
  }
  return found;
}

/** A file's name tells when it was written: nobody writes to it later on. */
function lookOf(name: string, text: string): FileLook {
  const writtenMs = Number(name.split("_")[0]);
  const bytes = new TextEncoder().encode(text);
  return {
    kind: "file",
    bytes,
    sizeBytes: bytes.byteLength,
    writtenMs,
    signature: `${name} ${text}`,
    writtenNs: `${String(writtenMs)}000000`,
  };
}
