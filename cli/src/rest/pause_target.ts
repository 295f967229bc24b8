/** From what a person types to what is paused: a service or a rule. Pure. */
import { Failure } from "../exit_codes.ts";
import { unknownName } from "../known_names.ts";

export interface Known {
  readonly services: readonly string[];
  /** Names of rules, without a prefix. */
  readonly rules: readonly string[];
}

export interface PauseTarget {
  readonly kind: "service" | "rule";
  readonly name: string;
}

const TYPED = /^(?:(service|rule):)?(.+)$/;

/** Fails with `usage` and what was probably meant. */
export async function pauseTarget(typed: string, known: Known): Promise<PauseTarget> {
  const [, kind, name = ""] = TYPED.exec(typed.trim()) ?? [];
  const service = kind !== "rule" && known.services.includes(name);
  const rule = kind !== "service" && known.rules.includes(name);
  if (service && rule) {
    throw new Failure("usage", `"${name}" is a service and a rule: say service:${name} or rule:${name}`);
  }
  if (service) return { kind: "service", name };
  if (rule) return { kind: "rule", name };
  if (kind !== undefined) {
    throw new Failure("usage", await unknownName(kind, name, kind === "rule" ? known.rules : known.services));
  }
  throw new Failure("usage", await unknownName("service or rule", name, [...known.services, ...known.rules]));
}
