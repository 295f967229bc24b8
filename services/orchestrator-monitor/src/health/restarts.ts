/** Services that come and go: their process is another one at too many looks. */
import type { Clock } from "@kloros/daemon";
import type { Reading, Standing } from "./alert.ts";
import type { BusBooks, BusPass } from "./bus_pass.ts";
import type { HealthConfig } from "./config.ts";
import type { Probe } from "./probe.ts";

interface Life {
  pid: number;
  /** Monotonic ms of each look that saw another process than the one before. */
  restarts: number[];
  seenAt: number;
}

const KEY = "restarts:";
const SERVICES_MAX = 100;

export function restartsProbe(config: HealthConfig, books: BusPass, clock: Clock): Probe {
  const lives = new Map<string, Life>();
  const beganAt = clock.monotonicMs();
  return {
    name: "restarts",
    read: async ({ standing }) => {
      const book = await books();
      if (book === undefined) return undefined;
      const now = clock.monotonicMs();
      const from = now - config.restartsWindowMs;
      for (const [service, pid] of processesOf(book)) note(lives, service, pid, now);
      for (const [service, life] of lives) {
        life.restarts = life.restarts.filter((at) => at > from);
        if (life.seenAt < from) lives.delete(service);
      }
      // What happened before this process began is not known: an alert that stands is not cleared by that.
      const known = beganAt <= from;
      return [...new Set([...lives.keys(), ...servicesOf(standing)])].map((service) => {
        const count = lives.get(service)?.restarts.length ?? 0;
        const told = known ? 0 : (standing[`${KEY}${service}`]?.value ?? 0);
        return reading(service, Math.max(count, told), config);
      });
    },
  };
}

/** The newest session of each service. */
function processesOf({ status }: BusBooks): ReadonlyMap<string, number> {
  const others = status.sessions.filter(({ service }) => service !== "operator");
  return new Map([
    ["chemical-bus", status.pid],
    ...others.map(({ service, pid }): [string, number] => [service, pid]),
  ]);
}

function note(lives: Map<string, Life>, service: string, pid: number, now: number): void {
  const life = lives.get(service);
  if (life === undefined) {
    if (lives.size < SERVICES_MAX) lives.set(service, { pid, restarts: [], seenAt: now });
    return;
  }
  if (life.pid !== pid) life.restarts.push(now);
  life.pid = pid;
  life.seenAt = now;
}

function servicesOf(standing: Standing): readonly string[] {
  return Object.keys(standing).map((key) => key.slice(KEY.length));
}

function reading(service: string, count: number, config: HealthConfig): Reading {
  const minutes = Math.round(config.restartsWindowMs / 60_000);
  return {
    key: `${KEY}${service}`,
    type: "service_restarting",
    value: count,
    unit: "restarts",
    levels: [{ severity: "critical", above: config.restartsMax }],
    message: `${service} was started again ${count} times within ${minutes} min`,
    advice: `kloros logs ${service}`,
    suggestions: ["kloros dlq list", `kloros pause ${service}`],
  };
}
