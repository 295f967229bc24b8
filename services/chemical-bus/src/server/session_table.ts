/**
 * All client sessions: by connection, and those whose connection was lost a moment ago. Decides when one is over.
 *
 * Only a process that died makes what it had in work suspect. One that lives and is silent or away may compute or stand still:
 * its leases go back without suspicion.
 * A lost connection is not a lost client: its process may come back with a new one and keeps its leases until then. Over at once is
 * who says so or whose process is gone; after a while, who stays away or says nothing. The clock is the owner's and stands still
 * while the bus does, so that nobody is blamed for the bus's own absence.
 */
import type { ClientSession } from "./client_session.ts";
import type { ServerLimits } from "./limits.ts";
import type { ServerMachine } from "./machine.ts";
import { isKnown } from "./peer.ts";

export interface SessionTableHooks {
  /** Before the broker is told. */
  ended(session: ClientSession, why: string, clean: boolean): void;
  lost(session: ClientSession, why: string): void;
}

export class SessionTable {
  readonly #limits: ServerLimits;
  readonly #hooks: SessionTableHooks;
  readonly #machine: Pick<ServerMachine, "isAlive">;
  readonly #byRoute = new Map<string, ClientSession>();
  readonly #all = new Set<ClientSession>();

  constructor(limits: ServerLimits, hooks: SessionTableHooks, machine: Pick<ServerMachine, "isAlive">) {
    this.#machine = machine;
    this.#limits = limits;
    this.#hooks = hooks;
  }

  get size(): number {
    return this.#all.size;
  }

  get full(): boolean {
    return this.#all.size >= this.#limits.sessionsMax;
  }

  add(session: ClientSession): void {
    this.#all.add(session);
    this.#byRoute.set(routeKey(session.routingId), session);
  }

  /** The session of a connection; those that lost theirs are not found. */
  of(routingId: Uint8Array): ClientSession | undefined {
    return this.#byRoute.get(routeKey(routingId));
  }

  /** Other sessions of the same client process. */
  earlierOf(session: ClientSession): ClientSession[] {
    return [...this.#all].filter((other) => other !== session && other.instance === session.instance);
  }

  /** The connection is no good any more. Its client, if it lives, comes back with a new one and the same instance. */
  lose(session: ClientSession, why: string, clock: number): void {
    if (session.over || session.lostAt !== undefined) return;
    session.lostAt = clock;
    this.#unroute(session);
    this.#hooks.lost(session, why);
  }

  /** `clean`: its leases go back without suspicion. */
  async end(session: ClientSession, why: string, { clean }: { readonly clean: boolean }): Promise<void> {
    if (session.over) return;
    this.#hooks.ended(session, why, clean);
    session.over = true;
    this.#all.delete(session);
    this.#unroute(session);
    await session.broker?.close({ clean });
  }

  async endAll(why: string): Promise<void> {
    await Promise.all([...this.#all].map((session) => this.end(session, why, { clean: true })));
  }

  /** Ends who is gone. */
  reap(clock: number): void {
    for (const session of [...this.#all]) {
      const why = this.#whyOver(session, clock);
      if (why === undefined) continue;
      const clean = isKnown(session.process) && this.#machine.isAlive(session.process);
      void this.end(session, why, { clean });
    }
  }

  #whyOver(session: ClientSession, clock: number): string | undefined {
    const { abandonMs, returnMs } = this.#limits;
    if (!this.#machine.isAlive(session.process)) return `process ${String(session.process.pid)} is gone`;
    if (session.lostAt !== undefined && clock - session.lostAt > returnMs) {
      return "it lost its connection and did not come back";
    }
    if (clock - session.heardAt > abandonMs) return `it said nothing for ${String(abandonMs)} ms`;
    return undefined;
  }

  #unroute(session: ClientSession): void {
    const key = routeKey(session.routingId);
    if (this.#byRoute.get(key) === session) this.#byRoute.delete(key);
  }
}

const routeKey = (routingId: Uint8Array): string => Buffer.from(routingId).toString("latin1");
