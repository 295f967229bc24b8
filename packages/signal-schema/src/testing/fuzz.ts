/**
 * Fuzzing of whatever reads foreign bytes. One round is a fixed number of inputs from one seed: the standard round is the same
 * everywhere, `KLOROS_ROUNDS=N` adds N random ones, `KLOROS_SEED=S` repeats the round of that seed and no other.
 */
import { choicesOf } from "./choices.ts";
import { cpuWatch } from "./cpu_watch.ts";
import { type Corpus, mutateBytes } from "./mutate_bytes.ts";

export interface FuzzOptions extends Corpus {
  /** Of one round. */
  readonly inputs?: number;
  /** For one input, ms that this thread computes: whoever takes longer hangs for somebody who means it. */
  readonly boundMs?: number;
}

/** Of a test that fuzzes, ms: many rounds take their time, each input has its own bound. */
export const FUZZ_LIMIT_MS = 3_600_000;

const STANDARD_SEED = 1;
const INPUTS = 400;
const BOUND_MS = 250;
/** What of an input is shown, bytes. */
const SHOWN_MAX = 1024;

/**
 * Gives `check` one input after the other. It throws when the reader threw what it does not promise, or took what it must not.
 * Throws with seed, number and input in Base64.
 */
export async function fuzz(
  options: FuzzOptions,
  check: (bytes: Uint8Array) => void | Promise<void>,
): Promise<void> {
  const { inputs = INPUTS, boundMs = BOUND_MS } = options;
  for (const seed of seedsOf(process.env)) {
    const choices = choicesOf(seed);
    for (let number = 1; number <= inputs; number += 1) {
      const bytes = mutateBytes(options, choices);
      const fault = await faultOf(check, bytes, boundMs);
      if (fault === undefined) continue;
      const input = Buffer.from(bytes.subarray(0, SHOWN_MAX)).toString("base64");
      const where = `KLOROS_SEED=${String(seed)}, input ${String(number)} of ${String(bytes.length)} bytes`;
      throw new Error(`${where}: ${fault.text}; in Base64: ${input}`, { cause: fault.error });
    }
  }
}

function seedsOf(env: Readonly<Record<string, string | undefined>>): number[] {
  const { KLOROS_SEED: one, KLOROS_ROUNDS: more = "0" } = env;
  if (one !== undefined && one !== "") return [Number(one)];
  const random = Array.from({ length: Number(more) }, () => Math.floor(Math.random() * 2 ** 32));
  return [STANDARD_SEED, ...random];
}

interface Fault {
  readonly text: string;
  readonly error?: unknown;
}

async function faultOf(
  check: (bytes: Uint8Array) => void | Promise<void>,
  bytes: Uint8Array,
  boundMs: number,
): Promise<Fault | undefined> {
  try {
    const took = await timed(check, bytes);
    if (took <= boundMs) return undefined;
    // The garbage of others may be collected meanwhile; a hang stays one.
    const again = Math.min(await timed(check, bytes), await timed(check, bytes));
    return again <= boundMs ? undefined : { text: `it took ${again.toFixed(0)} ms, over ${String(boundMs)}` };
  } catch (error) {
    return { text: String(error), error };
  }
}

async function timed(check: (bytes: Uint8Array) => void | Promise<void>, bytes: Uint8Array): Promise<number> {
  const cpuMs = cpuWatch();
  await check(bytes);
  return cpuMs();
}
