import type { SignalDefinition } from "./definition.ts";

/** The service that `source` means for this signal (alias → service); undefined when it may not emit it. */
export function canonicalSource(definition: SignalDefinition, source: string): string | undefined {
  for (const { service, aliases } of definition.emitters) {
    if (service === source || aliases.includes(source)) return service;
  }
  return undefined;
}

/** Whether a service, by its name or an alias, may emit this signal. */
export function emitterAllowed(definition: SignalDefinition, source: string): boolean {
  return canonicalSource(definition, source) !== undefined;
}
