/** `<base>/installation.json`: where it is installed for, and what was written outside `base`, so that it can go again. */
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "@kloros/daemon";
import { Failure } from "../exit_codes.ts";
import type { InstallLayout } from "../units/layout.ts";

export interface InstallationRecord {
  readonly format: 1;
  readonly layout: InstallLayout;
  /** The home was made by the installation, or was this software's before: decided once, before anything is put there. */
  readonly ownHome: boolean;
  /** Absolute, without the `--root`: units, accounts, and the link to the command. The configuration is the operator's. */
  readonly files: readonly string[];
}

export function recordPath(base: string): string {
  return join(base, "installation.json");
}

/** Undefined: there is none. Throws `Failure` for one that cannot be read. */
export function readRecord(base: string): InstallationRecord | undefined {
  const path = recordPath(base);
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (isRecord(value)) return value;
    throw new Error("its form is not known here; a newer program may have written it");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Failure(
      "negative",
      `${path} cannot be read: ${(error as Error).message}. Move it away and install again: what is there is found again`,
      { cause: error },
    );
  }
}

function recordText(record: InstallationRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

export async function writeRecord(base: string, record: InstallationRecord): Promise<void> {
  await writeFileAtomic(recordPath(base), recordText(record));
  // Whoever calls the installed command reads it, whatever the umask of whoever installed.
  chmodSync(recordPath(base), 0o644);
}

const PATHS = [
  "programs",
  "home",
  "source",
  "state",
  "runtime",
  "logs",
  "configFile",
  "unitDirectory",
] as const;

function isRecord(value: unknown): value is InstallationRecord {
  if (typeof value !== "object" || value === null) return false;
  const { format, layout, ownHome, files } = value as Partial<InstallationRecord>;
  return (
    format === 1 &&
    layout !== undefined &&
    typeof ownHome === "boolean" &&
    (layout.mode === "system" || layout.mode === "user") &&
    PATHS.every((key) => typeof layout[key] === "string" && layout[key].startsWith("/")) &&
    Array.isArray(files) &&
    files.every((path) => typeof path === "string" && path.startsWith("/"))
  );
}
