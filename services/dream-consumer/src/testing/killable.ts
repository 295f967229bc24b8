/** Starts the service as a process over one home, kills it, starts it again. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeTestHome, until, type TestHome } from "@kloros/daemon/testing";
import type { Config } from "../config.ts";
import type { CompletionFacts } from "../decide.ts";
import { BUSY_LIMIT_MS, writeScript } from "./dream_bench.ts";

const PROGRAM = join(import.meta.dir, "service_process.ts");

export interface Killable {
  readonly home: TestHome;
  readonly directory: string;
  start(env?: Readonly<Record<string, string>>): void;
  /** Of the process that runs now. */
  readonly pid: number;
  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGTERM"): void;
  /** Resolves when the process has ended, with what ended it. */
  gone(): Promise<string>;
  /** Run tags of the cycles that were started, in order: a script adds `$KLOROS_RUN_TAG` to `$BENCH/tags`. */
  tags(count: number): Promise<readonly string[]>;
  completions(count: number): Promise<readonly CompletionFacts[]>;
  remove(): Promise<void>;
}

/** `script`: what a cycle does, in shell. */
export function makeKillable(
  script: string,
  given: Partial<Config> & { readonly "kloros.drainGraceMs"?: number } = {},
): Killable {
  const home = makeTestHome();
  const directory = join(home.home, "bench");
  mkdirSync(directory);
  const command = [writeScript(directory, script)];
  const environment = { BENCH: directory, ARTIFACTS: home.paths.dreamArtifacts };
  const config = { command, environment, niceness: 0, graceS: 0.2, ...given };
  const settings = Object.entries(config).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const flags = settings.flatMap((one) => ["--set", one]);
  let child: Bun.Subprocess<"ignore", "pipe", "pipe"> | undefined;
  let said = "";
  const running = () => {
    if (child === undefined) throw new Error("the service was not started");
    return child;
  };
  return {
    home,
    directory,
    start: (env = {}) => {
      child = Bun.spawn([process.execPath, PROGRAM, "--home", home.home, ...flags], {
        env: { PATH: process.env["PATH"] ?? "", ...env },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      for (const stream of [child.stdout, child.stderr]) void gather(stream, (text) => (said += text));
    },
    get pid() {
      return running().pid;
    },
    kill: (signal) => running().kill(signal),
    gone: async () => {
      await running().exited;
      return String(running().signalCode ?? running().exitCode);
    },
    tags: async (count) =>
      until(
        `${count} cycles`,
        () => {
          const path = join(directory, "tags");
          const tags = existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
          return tags.length >= count && tags;
        },
        { limitMs: BUSY_LIMIT_MS },
      ),
    completions: async (count) => {
      try {
        return await until(
          `${count} completions`,
          () => {
            const lines = said.split("\n").filter((line) => line.startsWith("completion "));
            return (
              lines.length >= count && lines.map((line) => JSON.parse(line.slice(11)) as CompletionFacts)
            );
          },
          { limitMs: BUSY_LIMIT_MS },
        );
      } catch (error) {
        throw new Error(`no completion; the service said ${said}`, { cause: error });
      }
    },
    remove: async () => {
      child?.kill("SIGKILL");
      await child?.exited;
      home.remove();
    },
  };
}

async function gather(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}
