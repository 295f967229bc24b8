/** Whether services that were started again are well: ready, of the right release, and still so a moment later. */
import { runningService } from "../install/running_services.ts";
import type { Systemctl } from "../systemctl.ts";

export interface AwaitOptions {
  /** What each must run. */
  readonly program: string;
  /** Until all are ready, ms. */
  readonly timeoutMs: number;
  readonly pause: (ms: number) => Promise<void>;
  readonly monotonicMs: () => number;
}

/** A service that starts well and dies of its first signal is not well, ms. */
const SETTLE_MS = 3000;
const POLL_MS = 100;
/** Of itself, by systemd: once may be bad luck with what it found, again is the program. */
const RESTARTS_MAX = 1;

/** Why they did not get ready; undefined: they are. */
export async function awaitServices(
  systemctl: Systemctl,
  units: readonly string[],
  options: AwaitOptions,
): Promise<string | undefined> {
  const deadline = options.monotonicMs() + options.timeoutMs;
  const waiting = new Set(units);
  const restarts = new Map<string, number>();
  while (waiting.size > 0) {
    for (const unit of waiting) {
      const now = await runningService(systemctl, unit);
      const before = restarts.get(unit) ?? now.restarts;
      restarts.set(unit, Math.min(before, now.restarts));
      if (now.state === "active" && now.executable === options.program) waiting.delete(unit);
      else if (now.restarts - before > RESTARTS_MAX)
        return `${unit} dies again and again; journalctl -u ${unit} says why`;
    }
    if (waiting.size > 0 && options.monotonicMs() > deadline)
      return `${[...waiting].join(", ")} did not get ready within ${options.timeoutMs / 1000} s`;
    if (waiting.size > 0) await options.pause(POLL_MS);
  }
  return undefined;
}

/** Why one of them is not well any more a moment later; undefined: all are. */
export async function settled(
  systemctl: Systemctl,
  units: readonly string[],
  { program, pause }: Pick<AwaitOptions, "program" | "pause">,
): Promise<string | undefined> {
  if (units.length === 0) return undefined;
  const pids = await pidsOf(systemctl, units, program);
  await pause(SETTLE_MS);
  const later = await pidsOf(systemctl, units, program);
  const gone = units.filter((_, index) => pids[index] !== later[index] || later[index] === undefined);
  return gone.length === 0
    ? undefined
    : `${gone.join(", ")} died right after the start; journalctl -u ${gone[0] ?? ""} says why`;
}

async function pidsOf(
  systemctl: Systemctl,
  units: readonly string[],
  program: string,
): Promise<readonly (number | undefined)[]> {
  const pids: (number | undefined)[] = [];
  for (const unit of units) {
    const { pid, state, executable } = await runningService(systemctl, unit);
    pids.push(state === "active" && executable === program ? pid : undefined);
  }
  return pids;
}
