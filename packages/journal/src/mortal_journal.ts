/**
 * A journal in memory that outlives its brokers: when one dies, everything that was not committed is gone, and the next one finds
 * the rest. For simulations of crashes.
 *
 * Invariant: what a dead broker's leftovers still try changes nothing.
 */
import { Database } from "bun:sqlite";
import { Broker } from "./broker.ts";
import type { BrokerOptions } from "./broker_options.ts";
import { JournalDatabase, JournalError } from "./database.ts";

/** Around each transaction. What throws takes the place of what went wrong there. */
export interface TransactionHooks {
  /** All is written, nothing committed: who dies here leaves nothing of it, a `JournalFullError` is a full disk. */
  beforeCommit(): void;
  /** It is on disk, and nobody knows yet. Who dies here leaves it. */
  afterCommit(): void;
  /** Of a transaction that was rolled back. */
  afterRollback(): void;
}

export class MortalJournal {
  readonly handle: Database;
  readonly #hooks: TransactionHooks;
  #alive: MortalDatabase | undefined;

  constructor(hooks: TransactionHooks) {
    this.#hooks = hooks;
    this.handle = Database.deserialize(emptyJournal(), { strict: true });
    this.handle.run("PRAGMA temp_store = MEMORY");
  }

  /** The broker of now. The one before must be dead or closed. */
  openBroker(options: Omit<BrokerOptions, "path" | "openDatabase">): Broker {
    if (this.#alive !== undefined) throw new Error("another broker lives on this journal");
    const database = new MortalDatabase(this.handle, this.#hooks, () => (this.#alive = undefined));
    this.#alive = database;
    return new Broker({ ...options, path: MEMORY, openDatabase: () => database });
  }

  /** The broker's process is killed, wherever it stands. Throws nothing; a transaction that is open is rolled back. */
  kill(): void {
    this.#alive?.kill();
    if (this.handle.inTransaction) this.handle.run("ROLLBACK");
  }

  close(): void {
    this.kill();
    this.handle.close();
  }
}

const MEMORY = ":memory:";
let empty: Uint8Array | undefined;

/** Made once: migrations cost more than all the rest of a short run. */
function emptyJournal(): Uint8Array {
  if (empty === undefined) {
    const made = new JournalDatabase(MEMORY);
    empty = made.handle.serialize();
    made.close();
  }
  return empty;
}

class MortalDatabase extends JournalDatabase {
  readonly #hooks: TransactionHooks;
  readonly #ended: () => void;
  #dead = false;

  constructor(handle: Database, hooks: TransactionHooks, ended: () => void) {
    super(MEMORY, handle);
    this.#hooks = hooks;
    this.#ended = ended;
  }

  kill(): void {
    this.#dead = true;
    this.#ended();
  }

  override transaction<T>(work: () => T): T {
    this.#mustLive();
    let result: T;
    try {
      result = super.transaction(() => {
        const made = work();
        this.#hooks.beforeCommit();
        this.#mustLive();
        return made;
      });
    } catch (error) {
      if (!this.#dead) this.#hooks.afterRollback();
      throw error;
    }
    this.#hooks.afterCommit();
    this.#mustLive();
    return result;
  }

  /** The rows stay for the next one. */
  override close(): void {
    this.kill();
  }

  #mustLive(): void {
    if (this.#dead) throw new JournalError("io", "the process of this broker is dead");
  }
}
