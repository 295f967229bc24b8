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

/** One gauge or counter of a service without labels; undefined when it cannot be had. */
export async function probeMetric(socketPath: string, name: string): Promise<number | undefined> {
  try {
    const response = await fetch("http://service/metrics", {
      unix: socketPath,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const line = (await response.text()).split("\n").find((one) => one.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length + 1));
  } catch {
    return undefined;
  }
}
