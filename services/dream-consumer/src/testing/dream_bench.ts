/** A running dream-consumer whose cycles are small shell scripts. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  makeTestHome,
  openTestBus,
  startForTest,
  until,
  type StartForTestOptions,
  type TestService,
} from "@kloros/daemon/testing";
import { createRoot, DreamTrigger, type Envelope } from "@kloros/signal-schema";
import type { Config, config } from "../config.ts";
import type { CompletionFacts, TriggerFacts } from "../decide.ts";
import { taggedProcesses } from "../process/proc.ts";
import { service } from "../service.ts";

export interface DreamBench {
  readonly running: TestService<typeof config>;
  /** Where a script may leave things; in its environment as `$BENCH`. */
  readonly directory: string;
  readonly artifacts: string;
  trigger(facts?: Partial<TriggerFacts>): Promise<Envelope>;
  /** Waits for as many completions, in order. */
  completions(
    count: number,
    limitMs?: number,
  ): Promise<readonly (CompletionFacts & { readonly cause: string })[]>;
  /** Waits for a file that a script made. */
  file(name: string): Promise<string>;
  has(name: string): boolean;
  stop(): Promise<void>;
}

/** On a machine that has other things to do. */
export const BUSY_LIMIT_MS = 15_000;

const SHELL_HEAD = "#!/bin/sh\n";

/** `script`: what a cycle does, in shell; undefined: the built-in runner. */
export async function openBench(
  script: string | undefined,
  given: Partial<Config> = {},
  options: Omit<StartForTestOptions<typeof config>, "config"> = {},
): Promise<DreamBench> {
  const testHome = options.testHome ?? makeTestHome();
  const testBus = options.testBus ?? openTestBus();
  const directory = join(testHome.home, "bench");
  mkdirSync(directory, { recursive: true });
  const command = script === undefined ? [] : [writeScript(directory, script)];
  const running = await startForTest(service, {
    ...options,
    testHome,
    testBus,
    config: {
      command,
      niceness: 0,
      graceS: 0.2,
      ...given,
      environment: { BENCH: directory, ARTIFACTS: testHome.paths.dreamArtifacts, ...given.environment },
    },
  });
  const publisher = testBus.connect("policy-engine");
  return {
    running,
    directory,
    artifacts: testHome.paths.dreamArtifacts,
    trigger: async (facts = {}) => {
      const envelope = makeTrigger(facts);
      await publisher.publish([envelope]);
      return envelope;
    },
    completions: async (count, limitMs = BUSY_LIMIT_MS) =>
      until(
        `${count} completions`,
        async () => {
          const { items } = await publisher.read({ signals: ["Q_DREAM_COMPLETE"] });
          if (items.length < count) return undefined;
          return items.map(({ envelope }) => ({
            ...(envelope.facts as CompletionFacts),
            cause: envelope.cause ?? "",
          }));
        },
        { limitMs },
      ),
    file: async (name) =>
      until(
        name,
        async () => {
          const path = join(directory, name);
          const text = existsSync(path) ? await Bun.file(path).text() : "";
          return text === "" ? undefined : text.trim();
        },
        { limitMs: BUSY_LIMIT_MS },
      ),
    has: (name) => existsSync(join(directory, name)),
    stop: async () => {
      await running.stop(0);
      if (options.testBus === undefined) await testBus.close();
      if (options.testHome === undefined) testHome.remove();
    },
  };
}

export function writeScript(directory: string, script: string): string {
  const path = join(directory, "cycle.sh");
  writeFileSync(path, SHELL_HEAD + script);
  chmodSync(path, 0o755);
  return path;
}

export function makeTrigger(facts: Partial<TriggerFacts> = {}): Envelope {
  return createRoot(
    DreamTrigger,
    { reason: "unacknowledged_promotions_detected", topic: null, promotion_count: 1, ...facts },
    { source: "policy-engine", nowMs: Date.now() },
  );
}

/** Shell that writes a winner; `$1` of the function: experiment, `$2`: fitness, `$3`: metrics. */
export const WRITE_WINNER = `
winner() {
  mkdir -p "$ARTIFACTS/winners"
  printf '{"updated_at": 1, "best": {"fitness": %s, "params": {"top_k": 5, "temperature": 0.5}, "metrics": %s}}' "$2" "$3" > "$ARTIFACTS/winners/$1.json"
}
`;

/** Waits until nothing carries the tag. */
export async function untilNoneLeft(runTag: string, limitMs = 15_000): Promise<void> {
  await until(`the end of run ${runTag}`, () => taggedProcesses(runTag).length === 0, { limitMs });
}
