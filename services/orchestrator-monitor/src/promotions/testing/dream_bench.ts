/** A home with promotions and a bus that is a directory: a signal a file. */
import type { Installation, Mode } from "@kloros/daemon";
import { createRoot, deriveRootId } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCheckRunner, type CheckRunner } from "../../check_runner.ts";
import { configFor } from "@kloros/daemon/testing";
import { config as schema, type PromotionsConfig } from "../config.ts";
import { promotionsCheck } from "../promotions.ts";

export interface DreamBench {
  readonly root: string;
  readonly paths: Installation;
  readonly promotions: string;
  readonly artifacts: string;
  readonly runner: CheckRunner;
  readonly said: string[];
  /** What the check asked to look again in, ms, newest last. */
  readonly agains: number[];
  /** UTC ms of the check's clock; the monotonic one goes along. */
  nowMs: number;
  put(name: string, content?: string | Uint8Array): string;
  /** Signals of this name on the bus, in their order. */
  published(name: string): readonly Envelope[];
  /** Files below the home's promotions, sorted. */
  files(): readonly string[];
  remove(): void;
}

export interface BenchOptions {
  readonly root?: string;
  readonly mode?: Mode;
  readonly config?: Partial<PromotionsConfig>;
  readonly history?: readonly Envelope[];
}

export function openDreamBench(options: BenchOptions = {}): DreamBench {
  const root = options.root ?? mkdtempSync(join(tmpdir(), "kloros-promotions-"));
  const paths = {
    home: root,
    state: join(root, "state"),
    promotions: join(root, "dream_lab/promotions"),
    dreamArtifacts: join(root, "artifacts/dream"),
  } as Installation;
  const artifacts = join(paths.dreamArtifacts, "promotions");
  const bus = join(root, "bus.jsonl");
  for (const path of [paths.promotions, artifacts]) mkdirSync(path, { recursive: true });
  const said: string[] = [];
  const agains: number[] = [];
  const say = (_: object, message: string): void => void said.push(message);
  const bench = { nowMs: Date.now() };
  const began = bench.nowMs;
  const check = promotionsCheck(
    {
      paths,
      mode: options.mode ?? "act",
      log: { debug: say, info: say, warn: say, error: say },
      clock: { wallMs: () => bench.nowMs, monotonicMs: () => bench.nowMs - began },
      count: () => undefined,
      gauge: () => undefined,
      status: () => undefined,
      bus: {
        read: async ({ id }: { readonly id?: string }) => ({
          items: (options.history ?? [])
            .filter((one) => one.id === id)
            .map((envelope) => ({ seq: 1, storedAt: 0, envelope, deliveries: [] })),
        }),
      } as never,
      root: (definition, facts, { idKey, timestampMs = bench.nowMs } = {}) =>
        createRoot(definition, facts, {
          source: "orchestrator-monitor",
          nowMs: timestampMs,
          ...(idKey === undefined
            ? {}
            : { id: deriveRootId(timestampMs, "orchestrator-monitor", definition.name, idKey) }),
        }),
    },
    configFor(schema, options.config),
  );
  const signals = (): readonly Envelope[] =>
    existsSync(bus)
      ? readFileSync(bus, "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Envelope)
      : [];
  const publish = async (some: readonly Envelope[]): Promise<void> => {
    for (const signal of some) {
      const same = signals().find(({ id }) => id === signal.id);
      if (same === undefined) appendFileSync(bus, `${JSON.stringify(signal)}\n`);
      else if (JSON.stringify(same) !== JSON.stringify(signal)) throw new Error("conflict");
    }
  };
  return Object.assign(bench, {
    root,
    paths,
    promotions: paths.promotions,
    artifacts,
    said,
    agains,
    runner: createCheckRunner(check, {
      publish,
      gatherMs: 0,
      rest: 0,
      again: (inMs) => void agains.push(inMs),
    }),
    put: (name: string, content: string | Uint8Array = `{"schema":"v1","id":"${name}"}`): string => {
      const path = join(paths.promotions, name);
      writeFileSync(path, content);
      return path;
    },
    published: (name: string) => signals().filter(({ signal }) => signal === name),
    files: () => readdirSync(paths.promotions, { recursive: true }).map(String).toSorted(),
    remove: () => rmSync(root, { recursive: true, force: true }),
  });
}
