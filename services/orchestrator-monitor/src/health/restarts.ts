/**
 * Services that come and go. Where systemd started them, it counts; elsewhere a restart is seen as another process on the
 * bus. systemd's start limits are off (a unit that gave up would stay down for good), so this alert is what ends a crash loop.
 */
import type { Clock } from "@kloros/daemon";
import type { Reading, Standing } from "./alert.ts";
import type { BusBooks, BusPass } from "./bus_pass.ts";
import type { HealthConfig } from "./config.ts";
import type { Probe } from "./probe.ts";
import type { UnitRestarts } from "./unit_restarts.ts";

interface Life {
  pid?: number;
  /** systemd's count at the last look. */
  counted?: number;
  /** Monotonic ms of each look that saw restarts, once for each of them. */
  restarts: number[];
  seenAt: number;
}

const KEY = "restarts:";
const SERVICES_MAX = 100;
/** More in one look than anybody's limit tell nothing new. */
const RESTARTS_A_LOOK_MAX = 1000;

export interface RestartsOptions {
  readonly config: HealthConfig;
  readonly books: BusPass;
  readonly units: UnitRestarts;
  readonly clock: Clock;
}

export function restartsProbe({ config, books, units, clock }: RestartsOptions): Probe {
  const lives = new Map<string, Life>();
  const beganAt = clock.monotonicMs();
  return {
    name: "restarts",
    read: async ({ standing }) => {
      const [book, counts] = await Promise.all([books(), units()]);
      if (book === undefined && counts === undefined) return undefined;
      const now = clock.monotonicMs();
      const from = now - config.restartsWindowMs;
      for (const [service, count] of counts ?? []) noteCount(lives, service, { count, now });
      for (const [service, pid] of processesOf(book)) {
        if (counts?.has(service) !== true) notePid(lives, service, { pid, now });
      }
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
function processesOf(book: BusBooks | undefined): ReadonlyMap<string, number> {
  if (book === undefined) return new Map();
  const others = book.status.sessions.filter(({ service }) => service !== "operator");
  return new Map([
    ["chemical-bus", book.status.pid],
    ...others.map(({ service, pid }): [string, number] => [service, pid]),
  ]);
}

function notePid(
  lives: Map<string, Life>,
  service: string,
  seen: { readonly pid: number; readonly now: number },
): void {
  const life = lifeOf(lives, service, seen.now);
  if (life === undefined) return;
  if (life.pid !== undefined && life.pid !== seen.pid) life.restarts.push(seen.now);
  life.pid = seen.pid;
}

/** A count that is smaller began anew: somebody started the unit. */
function noteCount(
  lives: Map<string, Life>,
  service: string,
  { count, now }: { readonly count: number; readonly now: number },
): void {
  const life = lifeOf(lives, service, now);
  if (life === undefined) return;
  const { counted } = life;
  const more = counted === undefined ? 0 : count >= counted ? count - counted : count;
  for (let n = 0; n < Math.min(more, RESTARTS_A_LOOK_MAX); n += 1) life.restarts.push(now);
  life.counted = count;
}

function lifeOf(lives: Map<string, Life>, service: string, now: number): Life | undefined {
  let life = lives.get(service);
  if (life === undefined && lives.size < SERVICES_MAX) {
    life = { restarts: [], seenAt: now };
    lives.set(service, life);
  }
  if (life !== undefined) life.seenAt = now;
  return life;
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
