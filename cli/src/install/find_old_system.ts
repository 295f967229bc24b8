/** What of the original system, or of anything that does its work, is on this machine. Looks, changes nothing. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

export interface OldUnit {
  readonly path: string;
  /** What it runs; undefined for a timer. */
  readonly runs: string | undefined;
}

export interface OldProcess {
  readonly pid: number;
  readonly command: string;
}

export interface OldSystem {
  readonly units: readonly OldUnit[];
  readonly processes: readonly OldProcess[];
}

const UNIT_DIRECTORIES = ["/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system"];

/** The oneshot, its timer, and the daemons that came after it: modules of Python. */
const OLD_MODULES =
  /\b(orchestrator_monitor|intent_router|kloros_policy_engine|capability_integrator(_daemon)?|winner_deployer(_daemon)?|dream_consumer(_daemon)?|investigation_consumer(_daemon)?|semantic_dedup(_consumer|_daemon)?|chem_(proxy|bus)[\w]*|curiosity_core[\w]*|kloros\.orchestration\.\w+|run_once|dream\.runner)\b/;

/** `directories`: of units, with the `--root` before them. */
export function findOldUnits(directories: readonly string[] = UNIT_DIRECTORIES): readonly OldUnit[] {
  return directories.flatMap((directory) =>
    namesIn(directory)
      .filter((name) => /^kloros[\w@-]*\.(service|timer)$/.test(name))
      .flatMap((name) => oldUnit(join(directory, name))),
  );
}

function oldUnit(path: string): readonly OldUnit[] {
  const text = readText(path);
  if (text === undefined || /^# Generated from (services|cli)\//.test(text)) return [];
  const runs = /^ExecStart=[-@:+!]*(.+)$/m.exec(text)?.[1];
  return path.endsWith(".timer") || /python|run_once/.test(runs ?? "") ? [{ path, runs }] : [];
}

/** Of everybody, as far as this user may look. */
export function findOldProcesses(proc = "/proc"): readonly OldProcess[] {
  return namesIn(proc)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const words = (readText(join(proc, name, "cmdline")) ?? "").split("\0").filter((word) => word !== "");
      const command = words.join(" ").slice(0, 200);
      const isPython = /^python[\d.]*$/.test(basename(words[0] ?? ""));
      return isPython && OLD_MODULES.test(command) ? [{ pid: Number(name), command }] : [];
    });
}

/** What to tell the operator; empty: nothing was found. */
export function oldSystemNotes({ units, processes }: OldSystem): readonly string[] {
  if (units.length === 0 && processes.length === 0) return [];
  return [
    "the original system is on this machine:",
    ...units.map(({ path, runs }) => `  ${path}${runs === undefined ? "" : `  (${runs})`}`),
    ...processes.map(({ pid, command }) => `  pid ${pid}: ${command}`),
    "it is left as it is. Start ours beside it and take over phase by phase with: kloros migrate status",
  ];
}

function namesIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}

/** Undefined when it cannot be read: it went away, or is not this user's business. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
