/** What the command line says, checked. */
export interface UpOptions {
  readonly home: string | undefined;
  readonly source: string | undefined;
  readonly runtime: string | undefined;
  readonly inPlace: boolean;
  readonly act: boolean;
  readonly observe: boolean;
  readonly once: boolean;
  /** Of `once`, ms. */
  readonly timeoutMs: number;
  readonly quiet: boolean;
  readonly json: boolean;
  readonly color: boolean;
}

/** The world that `up` runs in; tests give another. */
export interface UpWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly terminal: boolean;
  readonly columns: () => number;
  /** Text as it is. */
  readonly write: (text: string) => void;
  /** Aborted when nobody reads what is written any more. */
  readonly outputGone: AbortSignal;
  readonly nowMs: () => number;
}

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const TIMEOUT_MS_MAX = 24 * 3_600_000;

/** `30s`, `2m`, or seconds. Throws with what is allowed. */
export function parseTimeoutMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  const unit = (match?.[2] ?? "s") as keyof typeof UNITS_MS;
  const ms = match === null ? Number.NaN : Math.round(Number(match[1]) * UNITS_MS[unit]);
  if (ms >= 1 && ms <= TIMEOUT_MS_MAX) return ms;
  throw new Error(`--timeout ${text}: give a time such as 30s, 2m or 1h, up to 24h`);
}
