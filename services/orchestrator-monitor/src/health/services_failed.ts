/** Services whose own health socket says that they are not fit, or that answer nothing at all. */
import type { Reading } from "./alert.ts";
import type { Probe } from "./probe.ts";

export interface ServiceHealth {
  readonly service: string;
  /** Why it is not fit; empty: it is. */
  readonly reasons: readonly string[];
}

/** `ask`: whoever has a health socket that somebody listens on. */
export function failedProbe(ask: () => Promise<readonly ServiceHealth[]>): Probe {
  return {
    name: "services_failed",
    looks: 2,
    read: async () => (await ask()).map(reading),
  };
}

function reading({ service, reasons }: ServiceHealth): Reading {
  return {
    key: `failed:${service}`,
    type: "service_failed",
    value: reasons.length === 0 ? 0 : 1,
    unit: null,
    levels: [{ severity: "critical", above: 0 }],
    message: reasons.length === 0 ? `${service} is fit` : `${service} is not fit: ${reasons.join("; ")}`,
    advice: `kloros logs ${service}`,
    suggestions: ["kloros status", `restart ${service}`],
  };
}
