/**
 * Services that should be on the bus and are not. Expected is who has a consumer in the journal, which it has since it was
 * attached for the first time, and who was seen on the bus since this process started.
 */
import { emitters } from "@kloros/signal-schema";
import type { Clock } from "@kloros/daemon";
import type { Reading, Standing } from "./alert.ts";
import type { BusBooks, BusPass } from "./bus_pass.ts";
import type { HealthConfig } from "./config.ts";
import { serviceOf } from "./consumer_lag.ts";
import type { Probe } from "./probe.ts";
import type { Rest } from "./rest.ts";
import { createStopwatch } from "./stopwatch.ts";

const KEY = "silent:";

/** Commands of people come and go. */
const SERVICES = new Set(emitters.map(({ service }) => service).filter((service) => service !== "operator"));

export function silentProbe(config: HealthConfig, books: BusPass, rest: Rest, clock: Clock): Probe {
  const seen = new Set<string>();
  const hadConsumer = new Set<string>();
  const missed = createStopwatch(clock);
  return {
    name: "services_silent",
    read: async ({ standing }) => {
      const book = await books();
      if (book === undefined || rest.maintenance()) {
        // Whoever comes back with the bus, or after maintenance, gets the same time as at the start.
        missed.allOver();
        return undefined;
      }
      const connected = connectedIn(book);
      for (const service of connected) if (SERVICES.has(service)) seen.add(service);
      const withConsumer = new Set(book.consumers.map(({ name }) => serviceOf(name)));
      const expected = new Set([...withConsumer, ...seen, ...servicesOf(standing)]);
      // Whose consumer was removed is not to come back; if it does, it is seen again.
      for (const service of hadConsumer.difference(withConsumer)) {
        seen.delete(service);
        expected.delete(service);
      }
      for (const service of withConsumer) hadConsumer.add(service);
      return [...expected].flatMap((service) => {
        const isThere = connected.has(service);
        const isPaused = rest.paused(service);
        if (isThere || isPaused) missed.over(service);
        if (isPaused) return [];
        const told = standing[`${KEY}${service}`];
        const missedMs = isThere ? 0 : missed.lasts(service, { told, unitMs: 1000 });
        // It may have come back since an old status: that alone says nothing.
        const silentMs = isThere || book.statusIsNew ? missedMs : Number.NaN;
        return [reading(service, silentMs, withConsumer.has(service), config)];
      });
    },
  };
}

function connectedIn({ consumers, status }: BusBooks): ReadonlySet<string> {
  const held = consumers.filter(({ holderPid }) => holderPid !== null);
  return new Set([
    ...held.map(({ name }) => serviceOf(name)),
    ...status.sessions.map(({ service }) => service),
  ]);
}

/** Who was missed before this process started is expected still. */
function servicesOf(standing: Standing): readonly string[] {
  return Object.keys(standing).map((key) => key.slice(KEY.length));
}

/** Silent for so many times the limit is critical. */
const CRITICAL = 10;

function reading(service: string, silentMs: number, hasConsumer: boolean, config: HealthConfig): Reading {
  const limit = config.silentMaxMs / 1000;
  const seconds = silentMs / 1000;
  return {
    key: `${KEY}${service}`,
    type: "service_silent",
    value: seconds,
    unit: "s",
    levels: [
      { severity: "warning", above: limit },
      { severity: "critical", above: limit * CRITICAL },
    ],
    message:
      seconds === 0
        ? `${service} is on the bus`
        : `${service} has not been on the bus for ${Math.round(seconds)} s`,
    advice: `kloros logs ${service}`,
    suggestions: [
      `start ${service} again`,
      `when it is meant to be off: kloros pause ${service}`,
      ...(hasConsumer ? [`when it never comes back: kloros consumers remove ${service}`] : []),
    ],
  };
}
