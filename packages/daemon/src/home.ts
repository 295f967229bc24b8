/**
 * What a directory is before this software works in it.
 *
 * A home that this software made carries a marker. A directory without one belongs to somebody else (an existing
 * installation, or a mistake): it is opened in observe mode unless told otherwise.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { errorCode } from "./error_code.ts";

/**
 * - `own`: created by this software.
 * - `legacy`: an installation of the original system (a directory named `.kloros` that holds its files).
 * - `foreign`: has content that is neither.
 * - `empty`, `absent`: free to be created.
 */
export type HomeKind = "own" | "legacy" | "foreign" | "empty" | "absent";

export interface HomeInspection {
  readonly home: string;
  readonly kind: HomeKind;
  /** One phrase for people. */
  readonly why: string;
}

/** Relative to the home. */
export const HOME_MARKER = "state/created_by.json";

/** Any of these makes a directory named `.kloros` an existing installation (FACTS B2, B3, B5, B8). */
const LEGACY_EVIDENCE = [
  "intents",
  "curiosity_investigations.jsonl",
  "semantic_evidence.json",
  "integrated_capabilities.jsonl",
  "failed_signals.jsonl",
  "winner_deployer_state.json",
  "dream_lab",
] as const;

/** Looks, changes nothing. Throws when `home` is not a directory or cannot be read. */
export function inspectHome(home: string): HomeInspection {
  if (!existsSync(home)) return { home, kind: "absent", why: "there is no such directory yet" };
  if (!statSync(home).isDirectory()) {
    throw new Error(`the home ${home} is not a directory; give another one with --home`);
  }
  if (existsSync(join(home, HOME_MARKER))) return { home, kind: "own", why: `it has ${HOME_MARKER}` };
  const found = LEGACY_EVIDENCE.filter((name) => existsSync(join(home, name)));
  if (basename(home) === ".kloros" && found.length > 0) {
    return { home, kind: "legacy", why: `it is named .kloros and holds ${found.join(", ")}` };
  }
  const entries = readdirSync(home);
  if (entries.length === 0) return { home, kind: "empty", why: "the directory is empty" };
  return { home, kind: "foreign", why: `it holds ${entries.slice(0, 3).join(", ")} and no ${HOME_MARKER}` };
}

export interface CreateHomeOptions {
  readonly version: string;
  readonly nowMs: number;
}

/**
 * Makes `home` (0700) with its state and intents directories and the marker. Several processes may do it at once.
 * Its parent must exist, so that a mistyped path fails instead of growing a tree.
 * Throws when `home` belongs to somebody else (`legacy`, `foreign`); does nothing when it is `own`.
 */
export function createHome(home: string, options: CreateHomeOptions): HomeInspection {
  const before = inspectHome(home);
  if (before.kind === "legacy" || before.kind === "foreign") {
    throw new Error(`${home} was not created by this software (${before.why}); it is left as it is`);
  }
  if (before.kind === "absent") makeDirectory(home);
  makeDirectory(join(home, "state"));
  writeMarker(join(home, HOME_MARKER), options);
  makeDirectory(join(home, "intents"));
  return inspectHome(home);
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) === "EEXIST") return;
    const reason = errorCode(error) === "ENOENT" ? "its parent directory does not exist" : String(error);
    throw new Error(`cannot create ${path}: ${reason}`, { cause: error });
  }
}

function writeMarker(path: string, options: CreateHomeOptions): void {
  const marker = {
    software: "kloros",
    version: options.version,
    created_at: new Date(options.nowMs).toISOString(),
  };
  try {
    writeFileSync(path, `${JSON.stringify(marker)}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

/** When the home was created and by which version; undefined when it is not `own` or the marker is unreadable. */
export function readHomeMarker(
  home: string,
): { readonly version: string; readonly createdAt: string } | undefined {
  try {
    const marker: unknown = JSON.parse(readFileSync(join(home, HOME_MARKER), "utf8"));
    if (typeof marker !== "object" || marker === null) return undefined;
    const { version, created_at: createdAt } = marker as Record<string, unknown>;
    return typeof version === "string" && typeof createdAt === "string" ? { version, createdAt } : undefined;
  } catch {
    return undefined;
  }
}
