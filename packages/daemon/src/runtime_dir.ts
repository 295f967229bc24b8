/**
 * Where sockets and lock files of a home live.
 *
 * Every process of a home (services, command line, `up`) must come to the same answer, although they run in different
 * environments: a service under systemd has $RUNTIME_DIRECTORY, a shell has $XDG_RUNTIME_DIR, a cron job neither. So
 * the bus writes down where it is (`recordWhere`), and who has no explicit answer follows that.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { shortHash } from "./short_hash.ts";

/** sun_path holds 108 bytes with its NUL (unix(7)). */
const SOCKET_PATH_BYTES_MAX = 107;
/** Longest name in the directory: a service's `<name>.sock`, name ≤ 21 characters. */
const SOCKET_NAME_BYTES_MAX = 27;
export const RUNTIME_DIR_BYTES_MAX = SOCKET_PATH_BYTES_MAX - SOCKET_NAME_BYTES_MAX;

/** Relative to the home. */
const WHERE_FILE = "state/where.json";

export interface Where {
  readonly runtime: string;
  readonly state: string;
  /** Absent where an earlier version wrote it down. */
  readonly logs?: string;
}

export interface RuntimeDirRequest {
  readonly home: string;
  /** `--runtime`, KLOROS_RUNTIME or the configuration; goes before everything else. */
  readonly explicit?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the bus of this home wrote down, if anything. */
  readonly recorded?: Where | undefined;
  readonly uid: number;
}

export interface RuntimeDirChoice {
  readonly path: string;
  readonly from: "flag" | "systemd" | "recorded" | "xdg" | "home";
  /** Set when the wanted path was too long for sockets; `path` is then the short one. */
  readonly tooLong?: string;
}

export function chooseRuntimeDir(request: RuntimeDirRequest): RuntimeDirChoice {
  const { path, from } = wanted(request);
  if (Buffer.byteLength(path) <= RUNTIME_DIR_BYTES_MAX) return { path, from };
  return { path: shortRuntimeDir(request.uid, path), from, tooLong: path };
}

/** Same long path, same short one. In the system's directory for temporary files, as root-owned places may be read-only. */
function shortRuntimeDir(uid: number, path: string): string {
  const base = Buffer.byteLength(tmpdir()) <= 40 ? tmpdir() : "/tmp";
  return join(base, `kloros-${uid}-${shortHash(path)}`);
}

function wanted(request: RuntimeDirRequest): { path: string; from: RuntimeDirChoice["from"] } {
  const { home, env } = request;
  if (present(request.explicit)) return { path: request.explicit, from: "flag" };
  const systemd = firstOf(env["RUNTIME_DIRECTORY"]);
  if (systemd !== undefined) return { path: systemd, from: "systemd" };
  if (request.recorded !== undefined) return { path: request.recorded.runtime, from: "recorded" };
  const xdg = env["XDG_RUNTIME_DIR"];
  // A login session's directory vanishes with the session; root and system services have none of their own.
  if (present(xdg) && xdg.startsWith("/") && basename(xdg) === String(request.uid) && existsSync(xdg)) {
    return { path: join(xdg, "kloros", shortHash(home)), from: "xdg" };
  }
  return { path: join(home, "run"), from: "home" };
}

/** systemd gives a colon-separated list when a unit names several. */
export function firstOf(list: string | undefined): string | undefined {
  const first = list?.split(":")[0];
  return present(first) ? first : undefined;
}

function present(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}

/** What the bus wrote down; undefined when nothing readable is there. */
export function readWhere(home: string): Where | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(home, WHERE_FILE), "utf8"));
    if (typeof value !== "object" || value === null) return undefined;
    const { runtime, state, logs } = value as Record<string, unknown>;
    if (!isAbsolutePath(runtime) || !isAbsolutePath(state)) return undefined;
    return { runtime, state, ...(isAbsolutePath(logs) ? { logs } : {}) };
  } catch {
    return undefined;
  }
}

function isAbsolutePath(value: unknown): value is string {
  return typeof value === "string" && value.startsWith("/");
}

/** Called by the bus once its directories exist. Throws the file system's error. */
export function recordWhere(home: string, where: Where): void {
  const path = join(home, WHERE_FILE);
  const known = readWhere(home);
  const { runtime, state, logs } = where;
  if (known?.runtime === runtime && known.state === state && known.logs === logs) return;
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify({ runtime, state, logs })}\n`, {
    mode: 0o600,
  });
  renameSync(temporary, path);
}
