/** The real bus: services/chemical-bus as a process over a home of its own. */
import { join } from "node:path";
import { createHome, healthSocketPath, resolveInstallation, type Installation } from "@kloros/daemon";
import type { Child } from "./child.ts";
import type { Scratch } from "./scratch.ts";

const ROOT = join(import.meta.dir, "../../..");
const READY_MS = 20_000;
const PROBE_MS = 20;

export interface Place {
  readonly paths: Installation;
  /** Command line flags that every service of it gets. */
  readonly flags: readonly string[];
}

/** A home in a new directory. `source`: default below the home. */
export function makePlace(scratch: Scratch, source?: string): Place {
  const directory = scratch.subdirectory();
  const [home, runtime] = [join(directory, "home"), join(directory, "run")];
  createHome(home, { version: "0.0.0-bench", nowMs: Date.now() });
  const { paths } = resolveInstallation({ home, runtime, source, env: {} });
  const flags = ["--home", home, "--runtime", runtime, "--log-level", "warn"];
  return { paths, flags: source === undefined ? flags : [...flags, "--source", source] };
}

export interface ServiceOptions {
  readonly settings?: readonly string[];
  /** Flags of the runtime, e.g. of its profiler. */
  readonly runtimeFlags?: readonly string[];
  /** Its log. Default: passed over. */
  readonly onLine?: (line: string) => void;
}

/** Starts a service of the house from source and waits until it says that it is ready. */
export async function startService(
  scratch: Scratch,
  place: Place,
  name: string,
  options: ServiceOptions = {},
): Promise<Child> {
  const main = join(ROOT, "services", name, "src/main.ts");
  const settings = (options.settings ?? []).flatMap((one) => ["--set", one]);
  const command = [process.execPath, ...(options.runtimeFlags ?? []), main, ...place.flags, ...settings];
  const child = scratch.spawn(name, command, {
    env: { KLOROS_LOG_FORMAT: "json" },
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
  });
  await untilReady(child, healthSocketPath(place.paths, name));
  return child;
}

/** No tcp port: several benchmarks, or a system that is in use, may stand side by side. */
export function startBus(
  scratch: Scratch,
  place: Place,
  runtimeFlags: readonly string[] = [],
): Promise<Child> {
  return startService(scratch, place, "chemical-bus", { settings: ["liveEndpoints=[]"], runtimeFlags });
}

async function untilReady(child: Child, socketPath: string): Promise<void> {
  const until = performance.now() + READY_MS;
  while (performance.now() < until) {
    if (await isReady(socketPath)) return;
    await Bun.sleep(PROBE_MS);
  }
  throw new Error(`${child.name} was not ready within ${String(READY_MS)} ms. ${child.stderr}`);
}

async function isReady(unix: string): Promise<boolean> {
  try {
    const response = await fetch("http://service/readyz", { unix, signal: AbortSignal.timeout(1000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
