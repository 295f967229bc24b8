/**
 * Plants each fault and runs its tests. A test command that fails without any fault, or with one fails before a single
 * test could run, tells nothing: that is an error of the check, not a catch.
 */
import type { CopiedTree } from "./copied_tree.ts";
import type { Fault } from "./fault.ts";
import { runTests, type TestRun } from "./run_tests.ts";

export interface Result {
  readonly name: string;
  readonly verdict: "caught" | "survived" | "unclear";
  /** The test that failed first, or why nothing can be told. */
  readonly by: string;
  readonly elapsedMs: number;
}

export interface MutateOptions {
  readonly say: (text: string) => void;
  readonly stop: AbortSignal;
}

/** Without a fault. */
const CLEAN_LIMIT_MS = 600_000;
/** A fault may turn a wait into an endless one, which is caught too: by so many times what the tests take without it. */
const TIMES_CLEAN = 8;
const LIMIT_MIN_MS = 90_000;

/** Rejects when `stop` is aborted, or when a fault's text is not in its file once. */
export async function mutate(
  tree: CopiedTree,
  faults: readonly Fault[],
  { say, stop }: MutateOptions,
): Promise<readonly Result[]> {
  const sound = new Map<string, Promise<TestRun>>();
  const results: Result[] = [];
  for (const [index, fault] of faults.entries()) {
    const key = fault.tests.join(" ");
    let before = sound.get(key);
    if (before === undefined) {
      before = runTests(tree.root, fault.tests, { limitMs: CLEAN_LIMIT_MS, stop });
      sound.set(key, before);
    }
    const clean = await before;
    const limitMs = Math.max(LIMIT_MIN_MS, TIMES_CLEAN * clean.elapsedMs);
    const planted = clean.passed
      ? await tree.with(fault, () => runTests(tree.root, fault.tests, { limitMs, stop }))
      : undefined;
    stop.throwIfAborted();
    const result = judge(fault, clean, planted);
    results.push(result);
    const seconds = (result.elapsedMs / 1000).toFixed(1);
    say(
      `${String(index + 1)}/${String(faults.length)} ${fault.name}: ${result.verdict} (${seconds} s) ${result.by}`,
    );
  }
  return results;
}

function judge(fault: Fault, clean: TestRun, planted: TestRun | undefined): Result {
  const of = (verdict: Result["verdict"], by: string): Result => ({
    name: fault.name,
    verdict,
    by,
    elapsedMs: planted?.elapsedMs ?? clean.elapsedMs,
  });
  if (planted === undefined) {
    return of("unclear", `its tests fail without it: ${clean.failed[0] ?? clean.output.slice(-500)}`);
  }
  if (planted.passed) return of("survived", fault.breaks);
  if (planted.timedOut) return of("caught", "its tests did not come to an end");
  const [first] = planted.failed;
  return first === undefined
    ? of("unclear", `no test ran: ${planted.output.slice(-500)}`)
    : of("caught", first);
}
