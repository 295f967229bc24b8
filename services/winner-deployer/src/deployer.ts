/** What handling a cycle and handling a decision share: settings, files, what is remembered. */
import type { Delivery } from "@kloros/bus-client";
import { LeaseLostError, TerminalError } from "@kloros/bus-client";
import { crashPoint } from "@kloros/daemon";
import type { ServiceContext } from "@kloros/daemon";
import { valuesOf } from "./decide.ts";
import type { Candidate, Rules } from "./decide.ts";
import { readMappings } from "./dream_mapping.ts";
import type { Mappings } from "./dream_mapping.ts";
import { effective, parseEnv } from "./env_document.ts";
import type { EnvDocument } from "./env_document.ts";
import { readEnv } from "./env_store.ts";
import type { config } from "./manifest.ts";
import { adoptForeign, readMemory } from "./memory.ts";
import type { Memory, Remembered } from "./memory.ts";
import { readDeployedView, writeAck, writeDeployedView, writeWinnersFile } from "./views.ts";
import type { KeyChange } from "./winner_record.ts";
import type { Workshop } from "./workshop.ts";

/** What a deployer needs of its service's context. */
export type DeployerContext = Pick<
  ServiceContext<typeof config>,
  "config" | "paths" | "mode" | "log" | "clock" | "child" | "count" | "gauge" | "status"
>;

export interface Deployer {
  readonly context: DeployerContext;
  /** Of this process, for the autonomy level. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** After this one a delivery is a dead letter. */
  readonly attemptsMax: number;
}

export function rulesOf({ context, environment }: Deployer): Rules {
  const { guardrails, allow, neededAutonomyLevel } = context.config;
  return {
    guardrails,
    allow,
    neededAutonomyLevel,
    autonomyLevel: autonomyLevelOf(context.config, environment),
  };
}

/** The setting counts when it was made; else the installation's variable; what is no whole number is no right at all. */
export function autonomyLevelOf(
  { autonomyLevel }: { readonly autonomyLevel: number },
  environment: Readonly<Record<string, string | undefined>>,
): number {
  if (autonomyLevel >= 0) return autonomyLevel;
  const text = environment["KLR_AUTONOMY_LEVEL"] ?? "";
  return /^\d$/.test(text.trim()) ? Number(text) : 0;
}

/**
 * Whether the delivery would become a dead letter by this error, which nobody is told of: then the answer says what
 * happened. Never when the delivery is not ours any more.
 */
export function isEnd({ attemptsMax }: Deployer, { attempt, abort }: Delivery, error: unknown): boolean {
  if (abort.aborted || error instanceof LeaseLostError) return false;
  return attempt >= attemptsMax || error instanceof TerminalError;
}

export function workshopOf(deployer: Deployer, delivery: Delivery): Workshop {
  const { config, paths, log } = deployer.context;
  return {
    config,
    target: paths.environmentFile,
    state: paths.state,
    lock: { timeoutMs: config.lockTimeoutMs, abort: delivery.abort },
    log,
    isEnd: (error) => isEnd(deployer, delivery, error),
    savePlan: (plan) => delivery.savePlan(plan),
  };
}

/** With what other tools deployed meanwhile. */
export async function recall(deployer: Deployer, delivery: Delivery): Promise<Memory> {
  const { context } = deployer;
  const file = context.paths.winnerState;
  const memory = readMemory(delivery.state);
  return lastResort(deployer, delivery, memory, async () => {
    const view = await readDeployedView(file);
    if (view.damaged)
      context.log.warn({ file }, "is no JSON object; it is kept as *.damaged when it is written");
    return adoptForeign(memory, view.hashes);
  });
}

export async function mappingsOf({ context }: Deployer): Promise<Mappings> {
  return readMappings(context.paths.dreamConfig);
}

/** Acknowledgements and views. A run after a crash writes the same again. */
export async function record(
  deployer: Deployer,
  delivery: Delivery,
  memory: Memory,
  changed: readonly Remembered[],
): Promise<void> {
  const { paths, clock } = deployer.context;
  await lastResort(deployer, delivery, undefined, async () => {
    for (const winner of changed) await writeAck(paths.dreamArtifacts, winner);
    await writeWinnersFile(paths.state, memory);
    await writeDeployedView(paths.winnerState, memory, { nowIso: new Date(clock.wallMs()).toISOString() });
  });
  crashPoint("deployer.recorded");
}

/** On the last attempt a view that cannot be read or written must not keep the answer back. */
async function lastResort<T>(
  deployer: Deployer,
  delivery: Delivery,
  otherwise: T,
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!isEnd(deployer, delivery, error)) throw error;
    deployer.context.log.error({ id: delivery.signal.id, error }, "goes on without this file");
    return otherwise;
  }
}

/** What a held winner would set, with what stands there now; nothing when the file cannot be read. */
export function previewOf(
  deployer: Deployer,
  mappings: Mappings,
): (winner: Candidate) => readonly KeyChange[] {
  const document = readQuietly(deployer.context.paths.environmentFile);
  return (winner) => {
    const mapped = valuesOf(
      winner,
      mappings.byExperiment.get(winner.experiment),
      deployer.context.config.allow,
    );
    if (!mapped.ok) return [];
    return mapped.values.map(({ key, text }) => {
      const old = document === undefined ? null : (effective(document, key)?.value ?? null);
      return { key, old, new: text };
    });
  };
}

function readQuietly(path: string): EnvDocument | undefined {
  try {
    return parseEnv(readEnv(path).text);
  } catch {
    return undefined;
  }
}

export function nowIso({ context }: Deployer): string {
  return new Date(context.clock.wallMs()).toISOString();
}

/** Gauges and the line for `systemctl status`. */
export function showStanding(context: DeployerContext, winners: readonly { readonly state: string }[]): void {
  const count = (state: string): number => winners.filter((one) => one.state === state).length;
  const held = count("held");
  for (const state of ["held", "deployed", "replaced", "failed", "blocked", "rejected", "rolled_back"]) {
    context.gauge("winners", count(state), { state });
  }
  const waits = held === 0 ? "none held" : `${held} held for approval (kloros winners list)`;
  context.status(`${count("deployed")} winners deployed, ${waits}`);
}
