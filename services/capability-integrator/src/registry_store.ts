/**
 * `capabilities.yaml` on disk. Writers of this project hold the lock on `capabilities.yaml.lock` from reading to writing,
 * so two at once lose nothing. The lock file is never deleted: two processes would lock two inodes of one name.
 */
import { createHash } from "node:crypto";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { RetryableError } from "@kloros/bus-client";
import { whileLocked, writeFileAtomic } from "@kloros/daemon";
import { parseRegistry, RegistrySyntaxError } from "./registry_document.ts";
import type { RegistryDocument } from "./registry_document.ts";
import { attempting, errnoOf } from "./world_errors.ts";

export interface LockOptions {
  readonly timeoutMs: number;
  readonly abort?: AbortSignal | undefined;
}

/** Runs `task` while no other writer of the registry can. Creates the registry's directory. Throws `registry_locked`. */
export async function withRegistryLock<T>(
  registry: string,
  options: LockOptions,
  task: () => Promise<T>,
): Promise<T> {
  const file = `${registry}.lock`;
  const fd = await attempting(`lock the registry with ${file}`, () => {
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, "a", 0o644);
  });
  const text = `another writer has held ${file} for ${options.timeoutMs} ms; \`lslocks\` names it`;
  const onTimeout = (): Error => new RetryableError("registry_locked", text);
  return whileLocked(fd, task, { ...options, onTimeout });
}

export interface ReadRegistry {
  readonly document: RegistryDocument;
  /** Hex; null when the file does not exist. */
  readonly sha256: string | null;
}

/** Reads the registry, and parses it again only when it is not the one it saw or wrote last. */
export interface RegistryStore {
  /** A missing file reads as an empty one. Throws `RetryableError` (`registry_invalid`, or by the file system's error). */
  read(): Promise<ReadRegistry>;
  /** Replaces the file as a whole: a crash leaves the old or the new one. Call with the lock held. */
  write(document: RegistryDocument): Promise<void>;
}

export function openRegistryStore(registry: string): RegistryStore {
  let last: ReadRegistry | undefined;
  return {
    read: async () => {
      const bytes = await attempting(`read ${registry}`, () => readIfThere(registry));
      const sha256 = bytes === undefined ? null : sha256Hex(bytes);
      if (last === undefined || last.sha256 !== sha256) {
        last = { document: parseAt(registry, bytes ?? new Uint8Array()), sha256 };
      }
      return last;
    },
    write: async (document) => {
      await attempting(`write ${registry}`, () => writeFileAtomic(registry, document.text));
      last = { document, sha256: sha256Hex(document.text) };
    },
  };
}

export function sha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parseAt(registry: string, bytes: Uint8Array): RegistryDocument {
  try {
    return parseRegistry(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw new RetryableError("registry_invalid", `cannot edit ${registry}: ${explained(error)}`, {
      cause: error,
    });
  }
}

/** Why a registry cannot be edited, with its place. */
function explained(error: unknown): string {
  const unchanged = "nothing was written; correct the file and it goes on";
  if (error instanceof RegistrySyntaxError) {
    return `line ${error.line}, column ${error.column}: ${error.message}; ${unchanged}`;
  }
  if (error instanceof TypeError) return `it is not UTF-8 text; ${unchanged}`;
  throw error;
}
