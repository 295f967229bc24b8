/** History reads off the writer: a Worker for a journal in a file, the same connection for one in memory. */
import type { Page, ReadQuery } from "./broker_types.ts";
import { auditNow } from "./audit/audit.ts";
import type { JournalDatabase } from "./database.ts";
import type { VerifyReport } from "./audit/verify.ts";
import {
  type ConsumerStatistics,
  type SignalStatistics,
  readConsumerStatistics,
  readPage,
  readSignalStatistics,
} from "./reading.ts";

export type ReaderRequest = { readonly n: number; readonly path: string } & (
  | { readonly kind: "page"; readonly query: ReadQuery }
  | { readonly kind: "signals" | "consumers" | "verify" }
);
export type ReaderReply =
  | { readonly n: number; readonly ok: true; readonly value: unknown }
  | { readonly n: number; readonly ok: false; readonly text: string };

export interface Reader {
  page(query: ReadQuery): Promise<Page>;
  signals(): Promise<SignalStatistics>;
  consumers(): Promise<ConsumerStatistics>;
  /** Every page and row, slowly. */
  verify(): Promise<VerifyReport>;
  /** Requests not yet answered: a host that blocks must look at its event loop while there are any. */
  readonly waiting: number;
  close(): void;
}

export function openReader(db: JournalDatabase): Reader {
  return db.path === ":memory:" ? directReader(db) : new WorkerReader(db.path);
}

function directReader(db: JournalDatabase): Reader {
  return {
    page: async (query) => readPage(db.handle, query),
    signals: async () => readSignalStatistics(db.handle),
    consumers: async () => readConsumerStatistics(db.handle),
    verify: async () => ({ ...auditNow(db.handle), structure: [], missing: null }),
    waiting: 0,
    close: () => {},
  };
}

/** In a compiled program a worker goes by the path that the build was given, from the repository's root. */
const WORKER = import.meta.url.includes("/$bunfs/")
  ? "./packages/journal/src/read_worker.ts"
  : new URL("./read_worker.ts", import.meta.url).href;

class WorkerReader implements Reader {
  readonly #path: string;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #worker: Worker | undefined;
  #n = 0;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  page(query: ReadQuery): Promise<Page> {
    return this.#ask({ n: ++this.#n, path: this.#path, kind: "page", query }) as Promise<Page>;
  }

  signals(): Promise<SignalStatistics> {
    return this.#ask({ n: ++this.#n, path: this.#path, kind: "signals" }) as Promise<SignalStatistics>;
  }

  consumers(): Promise<ConsumerStatistics> {
    return this.#ask({ n: ++this.#n, path: this.#path, kind: "consumers" }) as Promise<ConsumerStatistics>;
  }

  verify(): Promise<VerifyReport> {
    return this.#ask({ n: ++this.#n, path: this.#path, kind: "verify" }) as Promise<VerifyReport>;
  }

  close(): void {
    this.#closed = true;
    this.#worker?.terminate();
    for (const { reject } of this.#waiting.values()) reject(new Error("the journal was closed"));
    this.#waiting.clear();
  }

  #ask(request: ReaderRequest): Promise<unknown> {
    if (this.#closed) return Promise.reject(new Error("the journal was closed"));
    this.#worker ??= this.#start();
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.n, { resolve, reject });
      worker.postMessage(request);
    });
  }

  #start(): Worker {
    const worker = new Worker(WORKER);
    worker.onmessage = (event: MessageEvent<ReaderReply>): void => {
      const waiter = this.#waiting.get(event.data.n);
      this.#waiting.delete(event.data.n);
      if (event.data.ok) waiter?.resolve(event.data.value);
      else waiter?.reject(new Error(`reading the journal failed: ${event.data.text}`));
    };
    worker.onerror = (event): void => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the journal's reader failed: ${event.message}`));
      this.#waiting.clear();
      this.#worker = undefined;
    };
    worker.unref();
    return worker;
  }
}
