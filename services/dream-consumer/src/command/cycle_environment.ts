/** What a cycle finds in its environment. */

/** Of this process alone: systemd's notification and watchdog, its parent's pid, a test's crash point. */
const OWN = new Set([
  "NOTIFY_SOCKET",
  "WATCHDOG_PID",
  "WATCHDOG_USEC",
  "LISTEN_PID",
  "LISTEN_FDS",
  "LISTEN_FDNAMES",
  "INVOCATION_ID",
  "JOURNAL_STREAM",
  "KLOROS_CRASH_AT",
]);

export interface CycleEnvironment {
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly extra: Readonly<Record<string, string>>;
  readonly topic: string | null;
  readonly promotionIds: readonly string[];
}

/** Longest value that every kernel takes, bytes (MAX_ARG_STRLEN is 128 KiB). */
const IDS_BYTES_MAX = 120 * 1024;

/** The promotions' ids stand one a line; those that do not fit are left out. */
export function cycleEnvironment(request: CycleEnvironment): Record<string, string> {
  const inherited = Object.entries(request.inherited).flatMap(([name, value]): [string, string][] =>
    value === undefined || OWN.has(name) ? [] : [[name, value]],
  );
  return {
    ...Object.fromEntries(inherited),
    ...request.extra,
    KLOROS_TOPIC: request.topic ?? "",
    KLOROS_PROMOTION_IDS: fitting(request.promotionIds),
  };
}

function fitting(ids: readonly string[]): string {
  let bytes = 0;
  const kept: string[] = [];
  for (const id of ids) {
    bytes += Buffer.byteLength(id) + 1;
    if (bytes > IDS_BYTES_MAX) break;
    kept.push(id);
  }
  return kept.join("\n");
}
