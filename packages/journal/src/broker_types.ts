/**
 * The door of the broker: what a transport needs to put a session on top of the journal.
 *
 * One broker owns one journal. A session is one client connection (or one in-process bus). All methods return
 * promises that settle **after the commit** that made them true: that is the promise "nothing is sent before
 * its commit returned". Operations that wait while a transaction runs share the next one (group commit).
 */
import type { Envelope, Lane } from "@kloros/signal-schema";

/** Who speaks, established from credentials by the transport, never from what the client says. */
export interface Identity {
  /** Services in whose name the peer may emit; `"*"`: not checked (same-uid installations, `./scripts/up`). */
  readonly services: readonly string[] | "*";
  readonly uid: number;
  /** 0 when unknown. */
  readonly pid: number;
}

export interface SessionInfo {
  /** Service that the client says it is; checked against the identity. */
  readonly service: string;
  /** Random, one a process start: tells a reconnecting client from a new one. */
  readonly instance: string;
  readonly pid: number;
  readonly identity: Identity;
}

/** Where a consumer begins when it is first seen. Evaluated once. */
export type StartPosition =
  | { readonly from: "now" }
  | { readonly from: "earliest"; readonly ageMsMax?: number };

export interface ConsumerSpec {
  /** Unique name; by convention the service's name, or `service/purpose`. */
  readonly name: string;
  /** Signal names, none of them `live`. */
  readonly signals: readonly string[];
  readonly start: StartPosition;
  /**
   * A consumer with state works on one delivery at a time. `""`: one state for all; otherwise the name of a
   * fact (e.g. `module_name`) whose value selects the state. Absent: no state.
   */
  readonly stateKey?: string;
  /** Lease without extension, ms. Default 30,000. */
  readonly leaseMs?: number;
  /** Attempts before a dead letter. Default 5. */
  readonly attemptsMax?: number;
  /** Backoff of the first retry, doubled each time, with jitter, ms. Defaults 200 and 60,000. */
  readonly backoffMs?: number;
  readonly backoffMsMax?: number;
}

/** A lease that a reconnecting client still holds. */
export interface HeldLease {
  readonly seq: number;
  readonly token: string;
}

export type AttachResult =
  | {
      readonly ok: true;
      /** Held leases that go on. */
      readonly adopted: readonly number[];
      /** Held leases that are not this client's any more: their work must stop. */
      readonly gone: readonly number[];
    }
  | { readonly ok: false; readonly code: DenyCode; readonly text: string; readonly holderPid?: number };

export type DenyCode =
  | "consumer_held"
  | "unknown_signal"
  | "live_signal"
  | "bad_consumer"
  | "identity"
  | "protocol";

export interface GrantedDelivery {
  readonly consumer: string;
  readonly lane: Lane;
  readonly seq: number;
  /** Fencing token: opaque, grows with each grant. */
  readonly token: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly leaseMs: number;
  /** Envelope as JSON text, exactly as stored. */
  readonly body: string;
  /** What an earlier attempt said it was about to do; JSON text. */
  readonly plan: string | null;
  /** The consumer's state for this delivery's key; JSON text, null when none yet. */
  readonly state: string | null;
  readonly late: boolean;
}

export type PublishResult =
  | { readonly status: "stored"; readonly seq: number }
  /** Known id, same body: nothing written, nothing to do. */
  | { readonly status: "duplicate"; readonly seq: number }
  /** Known id, another body: the first one stays. */
  | { readonly status: "conflict"; readonly seq: number; readonly text: string }
  /** Live signals: announced, not stored. */
  | { readonly status: "announced" }
  /** Final: it will never be accepted as it is. */
  | { readonly status: "invalid"; readonly code: string; readonly text: string }
  /** Not now (disk full, too much waiting): keep it and try again. */
  | { readonly status: "busy"; readonly text: string };

export interface SettleItem {
  readonly seq: number;
  readonly token: string;
  readonly outcome:
    | {
        readonly kind: "done";
        /** Envelopes as JSON text, committed with the acknowledgement. */
        readonly emits: readonly string[];
        /** New state for this delivery's key; absent: unchanged; null: removed. */
        readonly state?: string | null;
      }
    | { readonly kind: "retry"; readonly error: string; readonly delayMs?: number }
    | { readonly kind: "dead"; readonly reason: DeadReason; readonly error: string }
    /** Orderly hand-back (drain): no attempt counted. */
    | { readonly kind: "release" };
}

/** `reported`: an error signal listed beside the dead ones; nothing to retry. */
export type DeadReason = "terminal" | "attempts" | "poison" | "invalid" | "loop" | "reported";

export type SettleResult =
  | { readonly status: "ok" }
  /** The token is not current any more: someone else's work now. */
  | { readonly status: "gone" }
  /** An emitted signal was refused: nothing of this item was committed. */
  | { readonly status: "refused"; readonly code: string; readonly text: string }
  | { readonly status: "busy"; readonly text: string };

/** What the broker calls back on a session; each call comes after the commit it depends on. */
export interface SessionPort {
  deliver(deliveries: readonly GrantedDelivery[]): void;
  /** Leases that ended under the client (expired, consumer removed). */
  gone(consumer: string, seqs: readonly number[]): void;
  /** The bus ends the session (another instance took over, shutdown). */
  closed(reason: string): void;
}

export interface Session {
  /** At most 512 envelopes as JSON text; results in order. */
  publish(envelopes: readonly string[]): Promise<readonly PublishResult[]>;
  attach(spec: ConsumerSpec, held: readonly HeldLease[]): Promise<AttachResult>;
  /** Absolute number of deliveries granted to this session in this lane that the client is ready to have taken since attach. */
  credit(consumer: string, lane: Lane, total: number): void;
  settle(consumer: string, items: readonly SettleItem[]): Promise<readonly SettleResult[]>;
  /** Durably stores what is about to be done, before it is done. JSON text ≤ 64 KiB. */
  plan(consumer: string, seq: number, token: string, plan: string): Promise<SettleResult>;
  extend(consumer: string, items: readonly HeldLease[]): readonly number[] /* gone */;
  /** Any sign of life. */
  touch(): void;
  /** `clean`: orderly detach, leases go back without suspicion; otherwise what was in flight is suspect. */
  close(options: { readonly clean: boolean }): Promise<void>;
}

/** A page of history, oldest first, for `read`. */
export interface ReadQuery {
  readonly signals?: readonly string[];
  readonly sources?: readonly string[];
  readonly trace?: string;
  readonly id?: string;
  /** Exclusive. */
  readonly afterSeq?: number;
  /** Newest `limit` before this (exclusive) instead of oldest after. */
  readonly beforeSeq?: number;
  readonly order?: "oldest" | "newest";
  /** ≤ 1000. */
  readonly limit?: number;
}

export interface StoredSignal {
  readonly seq: number;
  /** When the bus stored it, UTC ms. */
  readonly storedAt: number;
  readonly envelope: Envelope;
  /** How each consumer stands to it. */
  readonly deliveries: readonly {
    readonly consumer: string;
    readonly state: DeliveryStateName;
    readonly attempt: number;
    readonly settledAt: number | null;
    readonly error: string | null;
  }[];
}

export type DeliveryStateName =
  | "ready"
  | "waiting"
  | "leased"
  | "done"
  | "superseded"
  | "dead"
  | "dropped"
  | "damaged";

export interface Page {
  readonly items: readonly StoredSignal[];
  /** Pass as `afterSeq` (or `beforeSeq` when newest first); null: no more. */
  readonly next: number | null;
  /** Sequence numbers of damaged rows in this page: they are left out of `items`. */
  readonly damaged?: readonly number[];
}

export interface ConsumerStatus {
  readonly name: string;
  readonly signals: readonly string[];
  /** Pid of the live holder, null when nobody is attached. */
  readonly holderPid: number | null;
  readonly holderService: string | null;
  readonly matched: number;
  readonly done: number;
  readonly superseded: number;
  readonly dead: number;
  readonly dropped: number;
  readonly damaged: number;
  /** Ready + waiting + leased. */
  readonly open: number;
  readonly leased: number;
  readonly waiting: number;
  /** Age of the oldest open delivery, ms; null when none. */
  readonly oldestAgeMs: number | null;
}

/**
 * `dead`: nobody dealt with it. `retried`: put back, or its file was. `edited`: another signal took its place.
 * `dropped`: given up for good, by hand or with its consumer. `reported`: nothing ever waited behind it.
 */
export type DeadLetterState = "dead" | "retried" | "edited" | "dropped" | "reported";

export interface DeadLetter {
  /** Number of the dead letter: how `dlq show|retry` address it. */
  readonly n: number;
  /** Id of the signal, or the id given with rejected content. */
  readonly id: string;
  /** 0 for content that never was a signal. */
  readonly seq: number;
  /** The consumer that gave up, or the service that reported or rejected it. */
  readonly consumer: string;
  readonly reason: DeadReason;
  readonly error: string;
  readonly attempts: number;
  readonly firstAt: number;
  readonly deadAt: number;
  readonly state: DeadLetterState;
  /** Name of the signal; null for content that never was one, or when the signal is not kept any more. */
  readonly signalName: string | null;
  /** The signal, or the raw text where it was never one (a rejected intent file). "" in a brief letter. */
  readonly signal: Envelope | string;
  /** What came with rejected content, e.g. `intent_file`; `edited_as`: id of the signal that took its place. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Admin operations: a closed table, each with its request and its result. Extended by later issues. */
export interface AdminOps {
  /** One step of retention, at most 500 signals: go on with `next` until it is null. */
  pruneJournal: {
    request: {
      readonly ageMs: number;
      readonly bytesMax: number;
      /** Ids are remembered for so long. */
      readonly rememberMs: number;
      /** 0 to begin. */
      readonly after: number;
    };
    result: { readonly purged: number; readonly next: number | null };
  };
  status: { request: Record<never, never>; result: BusStatus };
  consumers: { request: Record<never, never>; result: readonly ConsumerStatus[] };
  removeConsumer: {
    request: { readonly name: string; readonly force?: boolean };
    result: { readonly dropped: number };
  };
  deadLetters: {
    request: {
      readonly consumer?: string;
      readonly reason?: string;
      /** Name of the signal. */
      readonly signal?: string;
      /** UTC ms: dead since then (inclusive), before then (exclusive). */
      readonly since?: number;
      readonly before?: number;
      readonly limit?: number;
      /** Exclusive `n`. */
      readonly after?: number;
      /** Also those that were dealt with: retried, edited, dropped. */
      readonly includeRetried?: boolean;
      /** Without signal and content, errors cut at 1000 characters: for long lists. */
      readonly brief?: boolean;
    };
    /** A page may end before `limit` when it grows large: an empty one is the end. */
    result: readonly DeadLetter[];
  };
  retryDeadLetter: {
    request: { readonly n: number };
    result: { readonly retried: boolean; readonly text: string };
  };
  /**
   * The signal with other facts, for the consumer that gave it up: a new one, derived from the old, which is its cause.
   * `dryRun`: only says whether it could be.
   */
  editDeadLetter: {
    request: {
      readonly n: number;
      readonly facts: Readonly<Record<string, unknown>>;
      readonly dryRun?: boolean;
    };
    result: { readonly retried: boolean; readonly text: string; readonly id?: string; readonly seq?: number };
  };
  /** Notes that the file behind rejected content was given to the router again. */
  noteResubmitted: {
    request: { readonly n: number };
    result: { readonly retried: boolean; readonly text: string };
  };
  dropDeadLetter: {
    request: { readonly n: number };
    result: { readonly dropped: boolean; readonly text: string };
  };
  /** Forgets dead letters from before `before` (UTC ms), at most `limit` (≤ 500) at once; what is dead among them is dropped. */
  purgeDeadLetters: {
    request: { readonly before: number; readonly limit?: number; readonly dryRun?: boolean };
    /** `dropped`: how many of them nobody had dealt with. */
    result: { readonly purged: number; readonly dropped: number };
  };
  /** A dead letter without a signal: content that could not become one. Once per id. */
  rejectContent: {
    request: {
      readonly id: string;
      readonly error: string;
      readonly content: string;
      readonly fields: Readonly<Record<string, string>>;
    };
    result: { readonly stored: boolean };
  };
}
export type AdminOp = keyof AdminOps;

export interface BusStatus {
  readonly pid: number;
  readonly version: string;
  readonly epoch: number;
  readonly startedAt: number;
  readonly journalPath: string;
  readonly journalBytes: number;
  readonly walBytes: number;
  readonly signals: number;
  readonly lastSeq: number;
  readonly deadLetters: number;
  /** Of requests: waiting for their worker, running, and how they ended. `late`: of those that fired, answered afterwards. */
  readonly deadlines: {
    readonly armed: number;
    readonly running: number;
    readonly answered: number;
    readonly fired: number;
    readonly late: number;
    readonly withdrawn: number;
  };
  readonly sessions: readonly {
    readonly service: string;
    readonly pid: number;
    readonly connectedMs: number;
  }[];
  /** Counts since start. */
  readonly counters: Readonly<Record<string, number>>;
  /** Names of stored signals that no consumer asks for, with their number. */
  readonly unconsumed: readonly { readonly signal: string; readonly count: number }[];
}
