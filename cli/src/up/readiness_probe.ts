/** Asks a service how it is, over the unix socket that every service has. */
export type ReadinessAnswer =
  | { readonly kind: "ready" }
  /** It answers, and cannot work yet: why. */
  | { readonly kind: "not_ready"; readonly reasons: Readonly<Record<string, string>> }
  /** Nobody answers. */
  | { readonly kind: "silent" };

const TIMEOUT_MS = 2000;

export async function probeReadiness(socketPath: string): Promise<ReadinessAnswer> {
  try {
    const response = await fetch("http://service/readyz", {
      unix: socketPath,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body = (await response.json()) as { reasons?: Readonly<Record<string, string>> };
    return response.ok ? { kind: "ready" } : { kind: "not_ready", reasons: body.reasons ?? {} };
  } catch {
    return { kind: "silent" };
  }
}

/** Ends of a repeating task that went well; undefined when it cannot be had. */
export async function probeTaskRuns(socketPath: string, task: string): Promise<number | undefined> {
  try {
    const response = await fetch("http://service/metrics", {
      unix: socketPath,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return readTaskRuns(await response.text(), task);
  } catch {
    return undefined;
  }
}

/** From the text of /metrics. */
export function readTaskRuns(metrics: string, task: string): number {
  const line = metrics
    .split("\n")
    .find(
      (one) =>
        one.startsWith("kloros_task_runs_total{") &&
        one.includes(`task="${task}"`) &&
        one.includes('outcome="ok"'),
    );
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(" ") + 1));
}
