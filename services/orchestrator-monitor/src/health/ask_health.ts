/** Asks services for their own word, over their unix sockets. */
import { healthSocketPath, type Installation } from "@kloros/daemon";
import { emitters } from "@kloros/signal-schema";
import { existsSync } from "node:fs";
import type { ServiceHealth } from "./services_failed.ts";

const LIMIT_MS = 2000;
const REASON_LENGTH_MAX = 500;

/** All at once. `self` is not asked: it answers what it thinks by thinking it. */
export async function askHealth(
  paths: Installation,
  self: string,
  limitMs: number = LIMIT_MS,
): Promise<readonly ServiceHealth[]> {
  const names = emitters.map(({ service }) => service).filter((service) => service !== self);
  const answers = await Promise.all(
    names.map((service) => ask(service, healthSocketPath(paths, service), limitMs)),
  );
  return answers.filter((answer) => answer !== undefined);
}

/** Undefined: nobody is there. A socket that a killed process left behind is silence, which another probe sees. */
async function ask(service: string, unix: string, limitMs: number): Promise<ServiceHealth | undefined> {
  if (!existsSync(unix)) return undefined;
  try {
    const response = await fetch("http://service/healthz", { unix, signal: AbortSignal.timeout(limitMs) });
    return { service, reasons: response.ok ? [] : reasonsOf(await response.json()) };
  } catch (error) {
    const late = error instanceof Error && error.name === "TimeoutError";
    return late ? { service, reasons: [`it does not answer within ${limitMs / 1000} s`] } : undefined;
  }
}

function reasonsOf(value: unknown): readonly string[] {
  const reasons = (value as { readonly reasons?: unknown } | null)?.reasons;
  if (typeof reasons !== "object" || reasons === null) return ["it does not say why"];
  const texts = Object.entries(reasons).map(([name, why]) =>
    `${name}: ${String(why)}`.slice(0, REASON_LENGTH_MAX),
  );
  return texts.length === 0 ? ["it does not say why"] : texts;
}
