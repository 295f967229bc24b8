/** Which definitions of a consumer are refused, before anything is written. */
import { findSignal } from "@kloros/signal-schema";
import type { AttachResult, ConsumerSpec, DenyCode } from "./broker_types.ts";

type Denial = Extract<AttachResult, { ok: false }>;

/** Waits of a consumer (leases, backoff) are at most this, ms: a week. */
export const WAIT_MS_MAX = 7 * 24 * 3_600_000;
const ATTEMPTS_MAX = 1_000_000;

export function refuseSpec(spec: ConsumerSpec, service: string): Denial | undefined {
  if (spec.name !== service && !spec.name.startsWith(`${service}/`)) {
    return deny(
      "identity",
      `${service} may not hold the consumer ${spec.name}; its own begin with "${service}"`,
    );
  }
  const wrong = wrongSignals(spec.signals) ?? wrongStart(spec.start) ?? wrongLimits(spec);
  if (wrong !== undefined) return deny("bad_consumer", `consumer ${spec.name} ${wrong}`);
  for (const name of spec.signals) {
    const definition = findSignal(name);
    if (definition === undefined)
      return deny("unknown_signal", `consumer ${spec.name} asks for ${name}, which is not defined`);
    if (definition.delivery === "live")
      return deny("live_signal", `${name} is announced live only; tap it, it can't be consumed`);
  }
  return undefined;
}

function deny(code: DenyCode, text: string): Denial {
  return { ok: false, code, text };
}

function wrongSignals(names: readonly string[]): string | undefined {
  if (names.length === 0) return "asks for no signals";
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `asks for ${twice} twice`;
}

function wrongStart(start: ConsumerSpec["start"] | undefined): string | undefined {
  if (start?.from === "now") return undefined;
  if (start?.from !== "earliest") return `starts at ${JSON.stringify(start)}; a start is "now" or "earliest"`;
  const { ageMsMax = 0 } = start;
  return Number.isFinite(ageMsMax) && ageMsMax >= 0
    ? undefined
    : `starts with signals of at most ${ageMsMax} ms, which is no age`;
}

function wrongLimits(spec: ConsumerSpec): string | undefined {
  const limits = [
    ["leaseMs", spec.leaseMs, 1, WAIT_MS_MAX],
    ["attemptsMax", spec.attemptsMax, 1, ATTEMPTS_MAX],
    ["backoffMs", spec.backoffMs, 0, WAIT_MS_MAX],
    ["backoffMsMax", spec.backoffMsMax, 0, WAIT_MS_MAX],
  ] as const;
  for (const [name, value, min, max] of limits) {
    if (value !== undefined && !(value >= min && value <= max))
      return `has ${name} = ${value}; it is from ${min} to ${max}`;
  }
  return undefined;
}
