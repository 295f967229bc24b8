/** A home, a source tree and a bus that is a directory: one file an id, so that it stores an id once like the real one. */
import type { Installation, Mode } from "@kloros/daemon";
import { createRoot, deriveRootId } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCheckRunner } from "../../check_runner.ts";
import type { CheckRunner } from "../../check_runner.ts";
import { newModulesCheck } from "../new_modules.ts";

export interface Lookout {
  readonly root: string;
  readonly paths: Installation;
  readonly runner: CheckRunner;
  readonly said: string[];
  /** Writes the registry with these auto-discovered modules. */
  register(...names: readonly string[]): void;
  /** Every signal on the bus; a second body under one id throws. */
  announced(): Envelope[];
  remove(): void;
}

export function openLookout(options: { readonly root?: string; readonly mode?: Mode } = {}): Lookout {
  const root = options.root ?? mkdtempSync(join(tmpdir(), "kloros-monitor-"));
  const source = join(root, "src");
  const paths = {
    source,
    state: join(root, "state"),
    registry: join(source, "registry/capabilities.yaml"),
  } as Installation;
  const bus = join(root, "bus");
  mkdirSync(join(source, "registry"), { recursive: true });
  mkdirSync(bus, { recursive: true });
  const said: string[] = [];
  const say = (_: object, message: string): void => void said.push(message);
  const check = newModulesCheck({
    config: { newModulesIntervalMs: 60_000 },
    paths,
    mode: options.mode ?? "act",
    log: { debug: say, info: say, warn: say, error: say },
    clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
    root: (definition, facts, { idKey = "", timestampMs = Date.now() } = {}) =>
      createRoot(definition, facts, {
        source: "orchestrator-monitor",
        nowMs: timestampMs,
        id: deriveRootId(timestampMs, "orchestrator-monitor", definition.name, idKey),
      }),
  });
  const publish = async (signals: readonly Envelope[]): Promise<void> => {
    for (const signal of signals) storeOnce(join(bus, signal.id), JSON.stringify(signal));
  };
  return {
    root,
    paths,
    runner: createCheckRunner(check, { publish, gatherMs: 1, rest: 0 }),
    said,
    register: (...names) => writeFileSync(paths.registry, names.map(entryOf).join("")),
    announced: () =>
      readdirSync(bus)
        .sort()
        .map((id) => JSON.parse(readFileSync(join(bus, id), "utf8")) as Envelope),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function storeOnce(file: string, body: string): void {
  try {
    writeFileSync(file, body, { flag: "wx" });
  } catch {
    if (readFileSync(file, "utf8") !== body) throw new Error(`conflict: another body for ${file}`);
  }
}

function entryOf(name: string): string {
  return `${name}:\n  module: ${name}\n  auto_discovered: true\n  discovered_at: '2025-11-08T17:35:14.700422'\n  py_files: 2\n`;
}
