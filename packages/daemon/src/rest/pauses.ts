/** Who is paused, and maintenance mode: read and written by the command line and by whoever decides by rules. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../error_code.ts";
import { systemClock } from "../system_clock.ts";
import type { Installation } from "../types.ts";
import { type MarkerText, readMarker, removeMarker, type RestNote, writeMarker } from "./marker.ts";

/** `name`: of a service, or `rule.<name>` of a rule. */
export interface Pause extends RestNote {
  readonly name: string;
}

type PausePaths = Pick<Installation, "paused">;
type MaintenancePaths = Pick<Installation, "maintenanceMarker">;

export interface AtMoment {
  /** UTC ms. Default: now. */
  readonly nowMs?: number;
}

/** A pause's name is a file's name. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const BUS = "chemical-bus";

/** The name under which a rule is paused. */
export function rulePauseName(rule: string): string {
  return `rule.${rule}`;
}

/** Undefined: it is not paused, or not any more. Two file system calls; changes nothing. */
export function readPause(paths: PausePaths, name: string, { nowMs }: AtMoment = {}): Pause | undefined {
  const note = readMarker(pauseFile(paths, name), nowMs ?? systemClock.wallMs());
  return note === undefined ? undefined : { name, ...note };
}

/** Pauses it, or changes its pause. @throws when the name cannot be paused, or the file system's error. */
export async function writePause(paths: PausePaths, name: string, text: MarkerText): Promise<Pause> {
  if (name === BUS) {
    throw new Error(
      `${BUS} cannot be paused: nobody could be told to go on; pause the services, or stop the bus`,
    );
  }
  return { name, ...(await writeMarker(pauseFile(paths, name), text)) };
}

/** False: it was not paused. */
export function removePause(paths: PausePaths, name: string): boolean {
  return removeMarker(pauseFile(paths, name));
}

/** Those in force, by name. */
export function listPauses(paths: PausePaths, { nowMs }: AtMoment = {}): readonly Pause[] {
  return fileNames(paths.paused)
    .filter((name) => NAME.test(name))
    .toSorted()
    .flatMap((name) => readPause(paths, name, { nowMs: nowMs ?? systemClock.wallMs() }) ?? []);
}

/** The file of a pause. @throws when the name cannot be one. */
export function pauseFile({ paused }: PausePaths, name: string): string {
  if (NAME.test(name)) return join(paused, name);
  throw new Error(
    `"${name}" cannot be paused: a name has letters, digits, ".", "_" and "-" only, at most 128, a letter or digit first`,
  );
}

function fileNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** Undefined: maintenance mode is off. */
export function readMaintenance(paths: MaintenancePaths, { nowMs }: AtMoment = {}): RestNote | undefined {
  return readMarker(paths.maintenanceMarker, nowMs ?? systemClock.wallMs());
}

/** Turns maintenance mode on, or changes its end and reason. */
export function writeMaintenance(paths: MaintenancePaths, text: MarkerText): Promise<RestNote> {
  return writeMarker(paths.maintenanceMarker, text);
}

/** False: it was off. */
export function removeMaintenance(paths: MaintenancePaths): boolean {
  return removeMarker(paths.maintenanceMarker);
}
