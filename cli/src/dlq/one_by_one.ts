/** Does something to many dead letters, one after the other, at a bounded rate, showing how it goes on. */
import { CLI_EXIT, type CliExit } from "../exit_codes.ts";
import type { Session } from "../session.ts";
import { ProgressBar } from "../up/copy/progress_bar.ts";
import { number } from "../view/amounts.ts";

export interface Done {
  readonly n: number;
  readonly ok: boolean;
  readonly text: string;
}

export interface Many {
  /** What happens to them: "retried". */
  readonly verb: string;
  /** A second, at most. */
  readonly rate: number;
  /** How a result is called in JSON. */
  readonly key: string;
}

/** More are told by their number. */
const TOLD_SINGLY = 20;

/** Ends early, and says so, when Ctrl-C is pressed. */
export async function oneByOne(
  session: Session,
  numbers: readonly number[],
  work: (n: number) => Promise<Omit<Done, "n">>,
  many: Many,
): Promise<CliExit> {
  const stop = session.environment.stopRequested();
  const bar = progressOf(session);
  const results: Done[] = [];
  const startedMs = performance.now();
  for (const n of numbers) {
    await pauseUntil(startedMs + (results.length * 1000) / many.rate, stop);
    if (stop.aborted) break;
    results.push({ n, ...(await work(n)) });
    if (numbers.length > TOLD_SINGLY) bar.count(many.verb, results.length, numbers.length);
  }
  bar.end();
  await tell(session, results, { ...many, total: numbers.length });
  if (stop.aborted) return "interrupted";
  return results.every(({ ok }) => ok) ? "ok" : "negative";
}

function progressOf({ environment }: Session): ProgressBar {
  const { err, errTerminal: terminal, columns, nowMs } = environment;
  return new ProgressBar({ terminal, columns: columns(), nowMs, write: (text) => void err.write(text) });
}

async function pauseUntil(atMs: number, stop: AbortSignal): Promise<void> {
  const ms = atMs - performance.now();
  if (ms <= 1 || stop.aborted) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    stop.addEventListener("abort", end);
  });
}

async function tell(
  session: Session,
  results: readonly Done[],
  { verb, key, total }: Many & { readonly total: number },
): Promise<void> {
  if (session.json) {
    await session.printJson(results.map(({ n, ok, text }) => ({ n, [key]: ok, text })));
    return;
  }
  const singly = total <= TOLD_SINGLY;
  for (const { n, ok, text } of results) {
    if (!ok) session.say(`${n}: ${text}`);
    else if (singly) await session.print(`${n}: ${text}`);
  }
  const well = results.filter(({ ok }) => ok).length;
  if (!singly) await session.print(`${number(well)} of ${number(total)} ${verb}`);
  if (results.length < total)
    session.say(
      `stopped before ${number(total - results.length)} of them (exit ${CLI_EXIT.interrupted.code})`,
    );
}
