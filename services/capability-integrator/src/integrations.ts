/**
 * What the operator's command needs: which changes this service made to source tree and registry, and taking one back.
 * Works on the files alone, beside a running service or without one.
 */
import { appendOnce } from "@kloros/daemon";
import type { Installation } from "@kloros/daemon";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { recordLogOf } from "./effects.ts";
import { initFileText } from "./init_file.ts";
import { isInitFile, removeInitFile } from "./init_store.ts";
import { readRecords } from "./integration_record.ts";
import type { IntegrationRecord, UndoLine } from "./integration_record.ts";
import { parseRegistry } from "./registry_document.ts";
import { removeEntry } from "./registry_edit.ts";
import { openRegistryStore, withRegistryLock } from "./registry_store.ts";
import { attempting, errnoOf } from "./world_errors.ts";

type Paths = Pick<Installation, "state">;

/** Oldest first. Throws a `RetryableError` when the record cannot be read. */
export async function listIntegrations(paths: Paths): Promise<readonly IntegrationRecord[]> {
  const file = recordLogOf(paths.state);
  return attempting(`read ${file}`, () => {
    try {
      return readRecords(readFileSync(file, "utf8"));
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return [];
      throw error;
    }
  });
}

export type UndoResult =
  | {
      readonly undone: true;
      readonly record: IntegrationRecord;
      readonly initRemoved: boolean;
      readonly message: string;
    }
  | { readonly undone: false; readonly reason: UndoRefusal; readonly message: string };

export type UndoRefusal = "unknown" | "ambiguous" | "already_undone" | "absent" | "changed";

export interface UndoOptions {
  /** Wall clock, UTC ms. */
  readonly nowMs: number;
  readonly lockTimeoutMs?: number;
  readonly abort?: AbortSignal;
}

/**
 * Takes the entry out byte for byte and the `__init__.py` away if this service created it and nobody changed it since.
 * `id`: of the integration, or a prefix that only one has. Refuses with a reason; throws a `RetryableError` when the
 * file system or the lock stands in the way.
 */
export async function undoIntegration(paths: Paths, id: string, options: UndoOptions): Promise<UndoResult> {
  const chosen = choose(await listIntegrations(paths), id);
  if ("undone" in chosen) return chosen;
  const lock = { timeoutMs: options.lockTimeoutMs ?? 10_000, abort: options.abort };
  return withRegistryLock(chosen.registry, lock, async () => {
    // Again under the lock: another undo may have come first.
    const current = choose(await listIntegrations(paths), chosen.id);
    return "undone" in current ? current : takeBack(paths, current, options);
  });
}

function choose(
  records: readonly IntegrationRecord[],
  id: string,
): IntegrationRecord | (UndoResult & { undone: false }) {
  const matches = records.filter((record) => record.id === id || (id !== "" && record.id.startsWith(id)));
  const [record, second] = matches;
  if (record === undefined)
    return refusal("unknown", `no integration "${id}"; \`kloros integrations list\` shows them`);
  if (second !== undefined)
    return refusal("ambiguous", `"${id}" begins ${matches.length} ids; give more of it`);
  if (record.state === "undone") {
    return refusal("already_undone", `${record.module_path} was taken back at ${record.undoneAt ?? "?"}`);
  }
  return record;
}

async function takeBack(paths: Paths, record: IntegrationRecord, options: UndoOptions): Promise<UndoResult> {
  const store = openRegistryStore(record.registry);
  const { document } = await store.read();
  const removal = removeEntry(document.text, record);
  // An undo that was interrupted after it wrote the registry goes on where it stopped.
  const alreadyOut = !removal.removed && removal.reason === "absent" && record.state === "undoing";
  if (!removal.removed && !alreadyOut) return refusal(removal.reason, removal.message);
  if (record.state === "integrated") await note(paths, { event: "undoing", id: record.id, at: iso(options) });
  if (removal.removed) await store.write(parseRegistry(removal.text));
  const initText = initFileText(record.module_path);
  const file = record.init_file;
  const initRemoved =
    file !== null && (await attempting(`remove ${file}`, () => removeInitFile(file, initText)));
  await note(paths, { event: "undone", id: record.id, at: iso(options), init_removed: initRemoved });
  return { undone: true, record, initRemoved, message: told(record, initRemoved, initText) };
}

function told(record: IntegrationRecord, initRemoved: boolean, initText: string): string {
  const entry = `took "${record.key}" out of ${record.registry}`;
  if (record.init_file === null) return entry;
  if (initRemoved) return `${entry} and removed ${record.init_file}`;
  const kept = isInitFile(record.init_file, initText)
    ? "is still there"
    : "was changed or removed since and is left as it is";
  return `${entry}; ${record.init_file} ${kept}`;
}

async function note(paths: Paths, line: UndoLine): Promise<void> {
  const file = recordLogOf(paths.state);
  mkdirSync(dirname(file), { recursive: true });
  await appendOnce(file, JSON.stringify(line), { plan: null, savePlan: async () => {} });
}

function iso(options: UndoOptions): string {
  return new Date(options.nowMs).toISOString();
}

function refusal(reason: UndoRefusal, message: string): UndoResult & { undone: false } {
  return { undone: false, reason, message };
}
