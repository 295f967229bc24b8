/** Signals as lines: for people with their number and place in the chain, for programs as JSON. */
import type { StoredSignal } from "@kloros/journal";
import type { Envelope } from "@kloros/signal-schema";
import type { Session } from "../session.ts";
import { ChainMemory } from "./chain_memory.ts";
import { flowLine } from "./flow_line.ts";
import { fit } from "./table.ts";

const NUMBER_WIDTH = 7;

type Shows = Pick<Session, "palette" | "json" | "columns" | "print" | "printJsonLine">;

export class SignalView {
  readonly #session: Shows;
  readonly #chains = new ChainMemory();

  constructor(session: Shows) {
    this.#session = session;
  }

  stored(item: StoredSignal): Promise<void> {
    return this.#session.json ? this.#session.printJsonLine(item) : this.#line(`#${item.seq}`, item.envelope);
  }

  /** Announced and not stored. */
  live(envelope: Envelope): Promise<void> {
    const item = { seq: null, storedAt: null, envelope, deliveries: [] };
    return this.#session.json ? this.#session.printJsonLine(item) : this.#line("live", envelope);
  }

  #line(number: string, envelope: Envelope): Promise<void> {
    const { palette, columns } = this.#session;
    const line = flowLine(envelope, this.#chains.place(envelope), { palette, dry: false });
    return this.#session.print(fit(`${palette.faint(number.padStart(NUMBER_WIDTH))}  ${line}`, columns));
  }
}
