/** What is remembered of a winner, as people and the operator's command see it. */
export type WinnerStanding =
  | "held"
  | "deployed"
  /** Was deployed; a later one set one of its keys to another value. It may be deployed anew. */
  | "replaced"
  | "rejected"
  | "rolled_back"
  | "failed"
  | "blocked";

export interface KeyChange {
  readonly key: string;
  /** Null: the file did not have it. A value whose key looks secret is redacted. */
  readonly old: string | null;
  readonly new: string;
}

export interface WinnerRecord {
  /** `<experiment>:<hash>`. */
  readonly id: string;
  readonly experiment: string;
  /** First 16 hex digits of SHA-256 of its parameters, as the cycle told it. */
  readonly hash: string;
  readonly state: WinnerStanding;
  /** When it came into this state: UTC, RFC 3339. */
  readonly when: string;
  /** Run of the cycle that it won last; null when that is not known. */
  readonly run_tag: string | null;
  readonly fitness: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, unknown>> | null;
  /** What it set, or would set while it is held. */
  readonly keys: readonly KeyChange[];
  /** Why it is in this state, in words. */
  readonly reason: string;
}

/** The file that the records stand in, below the state directory. */
export interface WinnersFile {
  readonly schema: "kloros-winners/1";
  readonly winners: readonly WinnerRecord[];
}

export function winnerId(winner: { readonly experiment: string; readonly hash: string }): string {
  return `${winner.experiment}:${winner.hash}`;
}
