/**
 * What a release says about itself: asked of its own program, so that an installer of another version learns it from whoever
 * knows, and so that a program that cannot run here is found before anything is switched.
 */
import { Failure } from "../exit_codes.ts";
import type { InstallLayout } from "../units/layout.ts";
import type { UnitFile } from "../units/unit_file.ts";

export interface ReleaseDescription {
  /** Of this document: raised when an older installer could not read it. */
  readonly format: 1;
  readonly version: string;
  /** Names under which the program is called as well: the services, and the D-REAM runner. */
  readonly programs: readonly string[];
  /** Schema version of the journal it works on, and the lowest one that it can take such a journal back to. */
  readonly journal: { readonly version: number; readonly backTo: number };
  /** Files that systemd reads, for the layout that was asked about. */
  readonly units: readonly UnitFile[];
  /** Units that a new installation enables: parts of the target that an operator may leave out. */
  readonly enabled: readonly string[];
  /** What the machine's configuration file says at first. */
  readonly config: string;
}

const DESCRIBE_MS_MAX = 30_000;

/** Runs `<program> release describe`. Throws `Failure` when it cannot run, or is none of ours. */
export async function askRelease(program: string, layout: InstallLayout): Promise<ReleaseDescription> {
  const command = [program, "release", "describe", "--layout", JSON.stringify(layout)];
  const { code, out, error } = await runProgram(command).catch((cause: unknown) => {
    throw notOurs(program, String(cause), cause);
  });
  if (code !== 0) throw notOurs(program, `it ended with ${code}: ${error.trim().slice(0, 500)}`);
  return readDescription(program, out);
}

async function runProgram(command: string[]): Promise<{ code: number; out: string; error: string }> {
  const child = Bun.spawn(command, {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: DESCRIBE_MS_MAX,
    killSignal: "SIGKILL",
  });
  const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, out, error };
}

function readDescription(program: string, text: string): ReleaseDescription {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notOurs(program, "it did not describe itself", error);
  }
  if (!isDescription(value)) throw notOurs(program, "it describes itself in a form that is not known here");
  return value;
}

function isDescription(value: unknown): value is ReleaseDescription {
  if (typeof value !== "object" || value === null) return false;
  const { format, version, programs, journal, units, enabled, config } = value as Partial<ReleaseDescription>;
  return (
    format === 1 &&
    typeof version === "string" &&
    VERSION.test(version) &&
    isListOf(programs, (name) => typeof name === "string" && /^[a-z][a-z0-9-]*$/.test(name)) &&
    Number.isInteger(journal?.version) &&
    Number.isInteger(journal?.backTo) &&
    isListOf(units, isUnit) &&
    isListOf(enabled, (name) => typeof name === "string") &&
    typeof config === "string"
  );
}

/** It becomes part of a path. */
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.+~_-]{0,63}$/;

function isListOf(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function isUnit(value: unknown): value is UnitFile {
  if (typeof value !== "object" || value === null) return false;
  const { path, text, mode } = value as Partial<UnitFile>;
  return (
    typeof path === "string" && path.startsWith("/") && typeof text === "string" && Number.isInteger(mode)
  );
}

function notOurs(program: string, why: string, cause?: unknown): Failure {
  return new Failure(
    "negative",
    `${program} is no program of a KLoROS release that runs here: ${why}. A release is what ./scripts/build makes (dist/multicall/kloros)`,
    { cause },
  );
}
