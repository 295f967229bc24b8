/**
 * A home with an environment file, and deliveries that survive this process: plan, result and the consumer's state stand in
 * files, as they would in the journal. So a child process can be killed at any point and the next run sees what it left.
 */
import { PROTOCOL_LIMITS, TerminalError } from "@kloros/bus-client";
import type { Delivery } from "@kloros/bus-client";
import type { Installation, Mode } from "@kloros/daemon";
import { configFor, handlerContext } from "@kloros/daemon/testing";
import {
  createRoot,
  deriveRootId,
  DreamComplete,
  findSignal,
  validateFacts,
  WinnerDecision,
} from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Candidate } from "../decide.ts";
import type { Deployer } from "../deployer.ts";
import { handleCycle } from "../handle_cycle.ts";
import type { CycleFacts } from "../handle_cycle.ts";
import { handleDecision } from "../handle_decision.ts";
import type { DecisionFacts } from "../handle_decision.ts";
import { config, manifest } from "../manifest.ts";
import type { DeployerConfig } from "../manifest.ts";

interface Letter {
  readonly signal: Envelope;
  readonly attempt: number;
  readonly plan: unknown;
  /** Null: not committed yet. */
  readonly emitted: readonly Envelope[] | null;
}

export interface Workbench {
  readonly root: string;
  readonly paths: Installation;
  readonly deployer: Deployer;
  /** Messages of the log, "level: message". */
  readonly said: string[];
  readonly gauges: Map<string, number>;
  statusLine(): string;
  env(): string;
  setEnv(text: string): void;
  /** A cycle's completion in the mail; returns its id. */
  postCycle(winners: readonly Candidate[], changes?: Partial<CycleFacts>): string;
  postDecision(facts: DecisionFacts): string;
  letter(id: string): Letter;
  setAttempt(id: string, attempt: number): void;
  /** Handles one letter, commits, and returns what was emitted, each checked against its schema. */
  /** Saving a plan fails from now on, before it is stored or after. */
  refusePlans(error: Error, when?: "before" | "after"): void;
  deliver(id: string, abort?: AbortSignal): Promise<readonly Envelope[]>;
  cycle(winners: readonly Candidate[], changes?: Partial<CycleFacts>): Promise<readonly Envelope[]>;
  decide(decision: DecisionFacts["decision"], winner: Candidate): Promise<readonly Envelope[]>;
  deliverAll(): Promise<void>;
  remove(): void;
}

export interface WorkbenchOptions {
  /** An existing bench to go on with; its settings stand in a file there. */
  readonly root?: string;
  readonly mode?: Mode;
  readonly config?: Partial<DeployerConfig>;
}

export const WINNER: Candidate = {
  experiment: "tts",
  hash: "00000000000000aa",
  fitness: 0.8,
  params: { speed: 1.5 },
  metrics: { response_latency_ms: 900 },
};

const STARTED = Date.UTC(2026, 10, 23, 2, 2, 34);

export function openWorkbench(options: WorkbenchOptions = {}): Workbench {
  const root = options.root ?? mkdtempSync(join(tmpdir(), "kloros-deployer-"));
  const paths = pathsBelow(root);
  const mail = join(root, "mail");
  for (const directory of [paths.state, mail, join(root, "commands")])
    mkdirSync(directory, { recursive: true });
  const settings = settingsOf(root, options.config);
  const said: string[] = [];
  const gauges = new Map<string, number>();
  const shown = { status: "" };
  const context = contextFor({ paths, settings, mode: options.mode ?? "act", said, gauges, shown });
  const deployer: Deployer = { context, environment: {}, attemptsMax: 10 };
  const stateFile = join(root, "consumer_state.json");
  const fileOf = (id: string): string => join(mail, `${id}.json`);
  const letter = (id: string): Letter => JSON.parse(readFileSync(fileOf(id), "utf8")) as Letter;
  const post = (signal: Envelope): string => {
    replaceJson(fileOf(signal.id), { signal, attempt: 1, plan: null, emitted: null });
    return signal.id;
  };
  const idFor = (): string => {
    const n = readdirSync(mail).length;
    return deriveRootId(STARTED + n, root, String(n));
  };
  let refusal: { readonly error: Error; readonly when: "before" | "after" } | undefined;
  const deliver = async (id: string, abort = new AbortController().signal): Promise<readonly Envelope[]> => {
    const { signal, plan, attempt } = letter(id);
    const delivery: Delivery = {
      signal,
      seq: 1,
      attempt,
      late: false,
      state: existsSync(stateFile) ? (JSON.parse(readFileSync(stateFile, "utf8")) as unknown) : null,
      plan,
      savePlan: async (next) => {
        refuseLonger(next, PROTOCOL_LIMITS.planBytesMax, "plan_too_large");
        if (refusal?.when === "before") throw refusal.error;
        replaceJson(fileOf(id), { ...letter(id), plan: next });
        if (refusal !== undefined) throw refusal.error;
      },
      abort,
    };
    const handle = signal.signal === DreamComplete.name ? handleCycle : handleDecision;
    const result = await handle(deployer, delivery);
    const emitted = valid(result?.emit ?? []);
    if (result?.state !== undefined) {
      refuseLonger(result.state, PROTOCOL_LIMITS.stateBytesMax, "state_too_large");
      replaceJson(stateFile, result.state);
    }
    replaceJson(fileOf(id), { ...letter(id), plan: null, emitted });
    return emitted;
  };
  const bench: Workbench = {
    root,
    paths,
    deployer,
    said,
    gauges,
    statusLine: () => shown.status,
    env: () => readFileSync(paths.environmentFile, "utf8"),
    setEnv: (text) => writeFileSync(paths.environmentFile, text),
    postCycle: (winners, changes = {}) => {
      const nowMs = STARTED + readdirSync(mail).length;
      const facts = { ...completionOf(winners), ...changes };
      return post(createRoot(DreamComplete, facts, { source: "dream-consumer", nowMs, id: idFor() }));
    },
    postDecision: (facts) =>
      post(createRoot(WinnerDecision, facts, { source: "operator", nowMs: STARTED, id: idFor() })),
    letter,
    setAttempt: (id, attempt) => replaceJson(fileOf(id), { ...letter(id), attempt }),
    refusePlans: (error, when = "before") => {
      refusal = { error, when };
    },
    deliver,
    cycle: (winners, changes) => deliver(bench.postCycle(winners, changes)),
    decide: (decision, { experiment, hash }) => deliver(bench.postDecision({ experiment, hash, decision })),
    deliverAll: async () => {
      for (const name of readdirSync(mail).toSorted()) {
        const id = name.replace(".json", "");
        if (name.endsWith(".json") && letter(id).emitted === null) await deliver(id);
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
  return bench;
}

/** A command that notes its run in a file and then does as `script` says. */
export function notedCommand(root: string, name: string, script = "true"): string[] {
  return ["sh", "-c", `echo x >> '${join(root, "commands", name)}'; ${script}`];
}

export function runsOf(root: string, name: string): number {
  const file = join(root, "commands", name);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
}

function valid(signals: readonly Envelope[]): readonly Envelope[] {
  for (const signal of signals) {
    const definition = findSignal(signal.signal);
    const result = definition === undefined ? undefined : validateFacts(definition, signal.facts);
    if (result?.ok !== true) throw new Error(`invalid ${signal.signal}: ${JSON.stringify(result)}`);
  }
  return signals;
}

function completionOf(winners: readonly Candidate[]): CycleFacts {
  return {
    success: true,
    exit_code: 0,
    duration_s: 12,
    run_tag: "1763116200",
    trigger_reason: "unacknowledged_promotions_detected",
    trigger_topic: null,
    promotion_count: 1,
    promotion_ids: ["tts@0123456789ab"],
    outcome: "completed",
    winners: winners.map((one) => ({ ...one, metrics: one.metrics ?? null })),
  };
}

/** As the bus does. */
function refuseLonger(value: unknown, bytesMax: number, code: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > bytesMax) throw new TerminalError(code, `${bytes} bytes, at most ${bytesMax}`);
}

function replaceJson(file: string, value: unknown): void {
  writeFileSync(`${file}.tmp`, JSON.stringify(value));
  renameSync(`${file}.tmp`, file);
}

function settingsOf(root: string, given: Partial<DeployerConfig> | undefined): DeployerConfig {
  const file = join(root, "settings.json");
  if (given !== undefined || !existsSync(file)) {
    writeFileSync(file, JSON.stringify({ autonomyLevel: 2, ...given }));
  }
  return configFor(config, JSON.parse(readFileSync(file, "utf8")) as Partial<DeployerConfig>);
}

/** Only the paths that this service uses. */
function pathsBelow(root: string): Installation {
  const home = join(root, "home");
  return {
    home,
    state: join(home, "state"),
    dreamConfig: join(root, "dream.yaml"),
    dreamArtifacts: join(home, "artifacts/dream"),
    winnerState: join(home, "winner_deployer_state.json"),
    environmentFile: join(home, ".kloros_env"),
  } as Installation;
}

interface Surroundings {
  readonly paths: Installation;
  readonly settings: DeployerConfig;
  readonly mode: Mode;
  readonly said: string[];
  readonly gauges: Map<string, number>;
  readonly shown: { status: string };
}

function contextFor({ paths, settings, mode, said, gauges, shown }: Surroundings): Deployer["context"] {
  return {
    ...handlerContext<typeof config>(manifest.name, {
      config: settings,
      paths,
      mode,
      say: (level, message, fields) => said.push(`${level}: ${message} ${JSON.stringify(fields)}`),
    }),
    gauge: (name, value, labels = {}) => void gauges.set(`${name} ${Object.values(labels).join(" ")}`, value),
    status: (text) => {
      shown.status = text;
    },
  };
}
