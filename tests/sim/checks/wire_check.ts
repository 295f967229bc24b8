/**
 * What the bus says must be true when it says it: what it acknowledges is committed, what it delivers is stored and leased under a
 * token that was never used before.
 */
import { decodeBusMessage } from "@kloros/bus-client";
import { unpackDeliveries } from "@kloros/bus-client/testing";
import type { SimBus } from "../bus/sim_bus.ts";
import type { Frames } from "../network/channel.ts";

export class WireCheck {
  /** By number, then by consumer. */
  readonly #tokens = new Map<number, Map<string, Token>>();
  readonly #fail: (text: string) => void;

  constructor(fail: (text: string) => void) {
    this.#fail = fail;
  }

  look(bus: SimBus, frames: Frames): void {
    const { handle } = bus.journal;
    if (handle.inTransaction) this.#fail("the bus sends before its transaction is committed");
    const message = decodeBusMessage(frames);
    if (message.verb === "PUBACK") {
      const { statuses, seqs } = message.fields;
      for (const [index, seq] of seqs.entries()) {
        const status = statuses[index];
        if (status !== "s" && status !== "d") continue;
        if (!isStored(bus, seq)) this.#fail(`signal ${String(seq)} is acknowledged and not stored`);
      }
    } else if (message.verb === "WELCOME") {
      const adopted = message.fields.attached.flatMap((result) => (result.ok ? result.adopted : []));
      if (adopted.length > 0) bus.machine.count("session.adopts leases");
      for (const seq of adopted) this.#adopted(seq);
    } else if (message.verb === "DELIVER") {
      for (const delivery of unpackDeliveries(message)) this.#delivered(bus, delivery);
    }
  }

  /** An older token is current again: a newer one never reached its instance. Which consumer's is not said here. */
  #adopted(seq: number): void {
    this.#tokens.delete(seq);
  }

  /** Nobody may be told that it is done under a token after which another one was granted. */
  done(consumer: string, seq: number, token: string): void {
    const newest = this.#tokens.get(seq)?.get(consumer);
    if (newest !== undefined && isLater(newest, readToken(token)))
      this.#fail(
        `${String(seq)} of ${consumer} is confirmed as done under ${token}, granted since was another token`,
      );
  }

  #delivered(
    bus: SimBus,
    { consumer, seq, token }: { readonly consumer: string; readonly seq: number; readonly token: string },
  ): void {
    const what = `delivery ${String(seq)} of ${consumer}`;
    const { handle } = bus.journal;
    const row = handle
      .query<{ state: number; strikes: number }, [string, number]>(
        "SELECT d.state, d.strikes FROM delivery d JOIN consumer c USING(cid) JOIN signal s USING(seq) WHERE c.name = ? AND d.seq = ?",
      )
      .get(consumer, seq);
    if (row === null) this.#fail(`${what} has no row`);
    else if (row.state > 1) this.#fail(`${what} is settled (${String(row.state)}) and delivered`);
    if (row !== null && row.strikes > 0) bus.machine.count("session.strike");
    let tokens = this.#tokens.get(seq);
    if (tokens === undefined) this.#tokens.set(seq, (tokens = new Map<string, Token>()));
    const before = tokens.get(consumer);
    const now = readToken(token);
    if (before !== undefined && !isLater(now, before))
      this.#fail(`${what} is granted with token ${token} after a token at least as new`);
    tokens.set(consumer, now);
  }
}

interface Token {
  readonly epoch: number;
  readonly grant: number;
}

function readToken(token: string): Token {
  const [epoch = 0, grant = 0] = token.split(".").map(Number);
  return { epoch, grant };
}

const isLater = (a: Token, b: Token): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.grant > b.grant);

export function isStored({ journal }: SimBus, seq: number): boolean {
  return (
    journal.handle
      .query<{ n: number }, [number, number]>(
        "SELECT EXISTS(SELECT 1 FROM signal WHERE seq = ?) OR EXISTS(SELECT 1 FROM idmemo WHERE seq = ?) AS n",
      )
      .get(seq, seq)?.n === 1
  );
}
