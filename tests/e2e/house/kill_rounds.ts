/**
 * Rounds of kills by a seed: it decides what is killed, when, and how long it stays away. When exactly that hits a process is the
 * scheduler's. `KLOROS_SEED` repeats one round, `KLOROS_ROUNDS` adds random ones, `KLOROS_FULL=1` runs 20.
 */
import { until } from "@kloros/bus-client/testing";
import type { DaemonProcess } from "./daemon_process.ts";
import { type Seed, seeded } from "./seed.ts";

/** `random`: rounds besides the standard one when nothing else is asked for. */
export function seedsOfThisRun(standard: number, random: number): number[] {
  const given = process.env["KLOROS_SEED"];
  if (given !== undefined && given !== "") return [Number(given)];
  const rounds = Number(process.env["KLOROS_ROUNDS"] ?? (process.env["KLOROS_FULL"] === "1" ? 20 : random));
  return [
    standard,
    ...Array.from({ length: rounds }, () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0),
  ];
}

/** An error of the round names its seed and what had happened (`events`). */
export async function killRound(
  seed: number,
  run: (chance: Seed, events: string[]) => Promise<void>,
): Promise<void> {
  const events: string[] = [];
  try {
    await run(seeded(seed), events);
  } catch (error) {
    throw new Error(`KLOROS_SEED=${String(seed)}: ${events.join("; ")}: ${String(error)}`, { cause: error });
  }
}

/** Until it says something new, so that the kill that follows meets it at work; not for long. */
export async function toWork(daemon: DaemonProcess, limitMs: number): Promise<void> {
  const { heard } = daemon;
  await until("a word", () => daemon.heard > heard, { limitMs }).catch(() => undefined);
}
