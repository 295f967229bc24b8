/**
 * A home, a source tree and deliveries that survive this process: plan and result of each stand in a file, as they would
 * in the journal. So a child process can be killed at any point and the next run sees what it left.
 */
import type { Delivery } from "@kloros/bus-client";
import type { Installation, Mode } from "@kloros/daemon";
import { handlerContext } from "@kloros/daemon/testing";
import { createRoot, deriveRootId, InvestigationComplete } from "@kloros/signal-schema";
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
import { createIntegrator } from "../effects.ts";
import type { IntegratorContext } from "../effects.ts";
import type { Completion } from "../evidence.ts";
import { type config, manifest } from "../manifest.ts";

export interface Letter {
  readonly signal: Envelope;
  readonly plan: unknown;
  /** Null: not committed yet. */
  readonly emitted: readonly Envelope[] | null;
}

export interface Workbench {
  readonly root: string;
  readonly paths: Installation;
  readonly context: IntegratorContext;
  /** Messages of the log, "level: message". */
  readonly said: string[];
  registry(): string;
  /** Makes a package directory of the source tree. */
  addModule(name: string, files?: readonly string[]): string;
  /** Puts a completion about a module in the mail; returns its id. */
  post(name: string, changes?: Partial<Completion>): string;
  letter(id: string): Letter;
  /** Handles one letter as a first delivery or, when it has a plan, as a redelivery; commits. */
  deliver(id: string): Promise<readonly Envelope[]>;
  /** All that is not committed, in order. */
  deliverAll(): Promise<void>;
  remove(): void;
}

const STARTED = Date.UTC(2026, 10, 23, 2, 2, 34);

/** `root`: an existing bench to go on with. */
export function openWorkbench(options: { readonly root?: string; readonly mode?: Mode } = {}): Workbench {
  const root = options.root ?? mkdtempSync(join(tmpdir(), "kloros-integrator-"));
  const paths = pathsBelow(root);
  const mail = join(root, "mail");
  for (const directory of [paths.source, paths.state, mail]) mkdirSync(directory, { recursive: true });
  const said: string[] = [];
  const context = contextFor(paths, options.mode ?? "act", said);
  const integrator = createIntegrator(context);
  const fileOf = (id: string): string => join(mail, `${id}.json`);
  const letter = (id: string): Letter => JSON.parse(readFileSync(fileOf(id), "utf8")) as Letter;
  const store = (id: string, value: Letter): void => {
    writeFileSync(`${fileOf(id)}.tmp`, JSON.stringify(value));
    renameSync(`${fileOf(id)}.tmp`, fileOf(id));
  };

  const deliver = async (id: string): Promise<readonly Envelope[]> => {
    const { signal, plan } = letter(id);
    const delivery: Delivery = {
      signal,
      seq: 1,
      attempt: 1,
      late: false,
      state: null,
      plan,
      savePlan: async (next) => store(id, { ...letter(id), plan: next }),
      abort: new AbortController().signal,
    };
    const emitted = (await integrator.handle(delivery))?.emit ?? [];
    store(id, { ...letter(id), plan: null, emitted });
    return emitted;
  };

  return {
    root,
    paths,
    context,
    said,
    registry: () => readFileSync(paths.registry, "utf8"),
    addModule: (name, files = ["core.py"]) => {
      const directory = join(paths.source, name);
      mkdirSync(directory, { recursive: true });
      for (const file of files) writeFileSync(join(directory, file), "x = 1\n");
      return directory;
    },
    post: (name, changes = {}) => {
      const n = readdirSync(mail).length;
      const nowMs = STARTED + n;
      const facts = completionAbout(name, join(paths.source, name), changes);
      const id = deriveRootId(nowMs, root, name, String(n), String(process.pid));
      store(id, {
        signal: createRoot(InvestigationComplete, facts, { source: "investigation-consumer", nowMs, id }),
        plan: null,
        emitted: null,
      });
      return id;
    },
    letter,
    deliver,
    deliverAll: async () => {
      for (const name of readdirSync(mail).sort()) {
        const id = name.replace(".json", "");
        if (name.endsWith(".json") && letter(id).emitted === null) await deliver(id);
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

export function linesOf(file: string): Record<string, unknown>[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function completionAbout(name: string, directory: string, changes: Partial<Completion>): Completion {
  return {
    investigation_timestamp: "2026-11-23T02:02:33.720716",
    question_id: `discover.module.${name}`,
    question: `What does ${name} do?`,
    status: "completed",
    duration_ms: 12,
    queue_wait_time_ms: 1,
    hypothesis: `UNDISCOVERED_MODULE_${name.toUpperCase()}`,
    evidence: [`path:${directory}`, "has_init:False", "py_files:1"],
    method: "static_analysis",
    summary: { files_analyzed: 1 },
    ...changes,
  };
}

/** Only the paths that this service uses. */
function pathsBelow(root: string): Installation {
  const home = join(root, "home");
  const source = join(root, "src");
  return {
    home,
    source,
    state: join(home, "state"),
    integratedLog: join(home, "integrated_capabilities.jsonl"),
    registry: join(source, "registry/capabilities.yaml"),
  } as Installation;
}

function contextFor(paths: Installation, mode: Mode, said: string[]): IntegratorContext {
  return handlerContext<typeof config>(manifest.name, {
    config: { confidenceMin: 0.6, createInit: true, lockTimeoutMs: 5000 },
    paths,
    mode,
    say: (level, message) => said.push(`${level}: ${message}`),
  });
}
