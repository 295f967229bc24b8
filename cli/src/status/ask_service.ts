/** One service's own word, over its unix socket. */
import { existsSync } from "node:fs";

export interface ServiceStatus {
  readonly name: string;
  /** `silent`: a socket is there and nobody answers in time. */
  readonly state: "ready" | "not_ready" | "silent" | "not_running";
  /** Why it is not ready: name of a check → text. */
  readonly reasons: Readonly<Record<string, string>>;
  readonly pid: number | null;
  readonly mode: string | null;
  readonly version: string | null;
  /** What it says it is doing. */
  readonly status: string | null;
}

const TIMEOUT_MS = 2000;

export async function askService(name: string, socketPath: string): Promise<ServiceStatus> {
  const unknown = { name, reasons: {}, pid: null, mode: null, version: null, status: null };
  if (!existsSync(socketPath)) return { ...unknown, state: "not_running" };
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch("http://service/readyz", { unix: socketPath, signal });
    const about = readAnswer(await response.json());
    return { ...unknown, ...about, state: response.ok ? "ready" : "not_ready" };
  } catch (error) {
    // A process that was killed leaves its socket behind.
    const refused = error instanceof Error && "code" in error && error.code !== "TimeoutError";
    const slow = error instanceof Error && error.name === "TimeoutError";
    return { ...unknown, state: refused && !slow ? "not_running" : "silent" };
  }
}

function readAnswer(value: unknown): Partial<ServiceStatus> {
  if (typeof value !== "object" || value === null) return {};
  const { reasons, pid, mode, version, status } = value as Record<string, unknown>;
  return {
    reasons: typeof reasons === "object" && reasons !== null ? (reasons as Record<string, string>) : {},
    pid: typeof pid === "number" ? pid : null,
    mode: typeof mode === "string" ? mode : null,
    version: typeof version === "string" ? version : null,
    status: typeof status === "string" ? status : null,
  };
}
