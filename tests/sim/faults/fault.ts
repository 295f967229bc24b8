/** What goes wrong in a run, when: data, so that a run can be repeated with fewer of them. */
import type { CrashPoint } from "../bus/sim_bus.ts";
import type { Randomness } from "../machine/randomness.ts";
import type { Harm } from "../network/channel.ts";

export type Fault = { readonly atMs: number } & (
  | { readonly kind: "kill"; readonly who: string }
  | { readonly kind: "crash in commit"; readonly point: CrashPoint }
  | { readonly kind: "stop"; readonly who: string; readonly ms: number }
  | { readonly kind: "end"; readonly who: string }
  | { readonly kind: "cut"; readonly who: string }
  | {
      readonly kind: "misbehave";
      readonly harms: readonly Harm[];
      readonly rate: number;
      readonly ms: number;
    }
  | { readonly kind: "clock"; readonly byMs: number }
  | { readonly kind: "reboot" }
  | { readonly kind: "full disk"; readonly ms: number }
);

export type FaultKind = Fault["kind"];

export const FAULT_KINDS: readonly FaultKind[] = [
  "kill",
  "crash in commit",
  "stop",
  "end",
  "cut",
  "misbehave",
  "clock",
  "reboot",
  "full disk",
];

/** Some kinds are more likely than others. */
const URN: readonly FaultKind[] = [
  "kill",
  "kill",
  "kill",
  "kill",
  "crash in commit",
  "crash in commit",
  "crash in commit",
  "stop",
  "stop",
  "end",
  "end",
  "cut",
  "cut",
  "misbehave",
  "misbehave",
  "clock",
  "reboot",
  "full disk",
];
const HARMS: readonly Harm[] = ["drop", "double", "swap", "delay"];
const HOUR_MS = 3_600_000;

export interface FaultsOptions {
  readonly count: number;
  /** They happen within this, ms. */
  readonly withinMs: number;
  readonly clients: readonly string[];
  readonly bus: string;
  /** The largest step forward of the wall clock. */
  readonly farMs: number;
}

/** In the order in which they happen. */
export function makeFaults(random: Randomness, options: FaultsOptions): readonly Fault[] {
  const times = Array.from({ length: options.count }, () => random.between(30, options.withinMs));
  return times.toSorted((a, b) => a - b).map((atMs) => ({ atMs, ...one(random, options) }));
}

type What = Fault extends infer F ? (F extends Fault ? Omit<F, "atMs"> : never) : never;

function one(random: Randomness, { clients, bus, farMs }: FaultsOptions): What {
  const who = random.chance(0.4) ? bus : random.pick(clients);
  const kind = random.pick(URN);
  switch (kind) {
    case "kill":
    case "end":
      return { kind, who };
    case "cut":
      return { kind, who: random.pick(clients) };
    case "crash in commit":
      return { kind, point: random.pick(["before commit", "after commit"]) };
    case "stop":
      return { kind, who, ms: random.pick([300, 1500, 4000, 9000, 20_000]) };
    case "misbehave": {
      const harms = random.chance(0.5) ? HARMS : [random.pick(HARMS)];
      return { kind, harms, rate: random.pick([0.01, 0.05, 0.2]), ms: random.between(200, 4000) };
    }
    case "clock":
      return { kind, byMs: random.pick([-24 * HOUR_MS, -HOUR_MS, -500, 500, HOUR_MS, farMs]) };
    case "reboot":
      return { kind };
    case "full disk":
      break;
  }
  return { kind, ms: random.between(100, 5000) };
}

export function describeFault(fault: Fault): string {
  const { atMs, kind, ...rest } = fault;
  const details = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`);
  return [`${String(atMs)} ms: ${kind}`, ...details].join(", ");
}
