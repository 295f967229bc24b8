/** In observe mode services decide and say nothing on the bus: what they would have said stands in their logs. */
import { checkEnvelope, type Envelope } from "@kloros/signal-schema";

/** The signal of such a line; undefined for all others. */
export function drySignal(service: string, line: string): Envelope | undefined {
  if (!line.includes('"dry":true')) return undefined;
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    const { signal, id, cause, trace, facts, time, msg } = value;
    if (msg !== "dry") return undefined;
    const hops = cause === undefined ? 0 : 1;
    const envelope = {
      signal,
      timestamp: time,
      source: service,
      facts,
      id,
      trace,
      hops,
      ...(cause === undefined ? {} : { cause }),
    };
    const checked = checkEnvelope(envelope, line.length);
    return checked.ok ? checked.envelope : undefined;
  } catch {
    return undefined;
  }
}
