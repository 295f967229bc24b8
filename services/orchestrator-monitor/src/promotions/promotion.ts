/** What a look at a directory of promotions gives. Data only. */

export interface Place {
  readonly path: string;
  /** Where its acknowledgements are recorded. */
  readonly acks: string;
}

export interface Promotion {
  /** `<stem>@<first 12 hex of the content's SHA-256>`: opaque to everybody else. */
  readonly id: string;
  readonly file: string;
  readonly stem: string;
  /** Of the file's bytes, hex. */
  readonly sha256: string;
  /** What it calls itself (`promotion_id` or `id`). */
  readonly ownId: string | undefined;
  /** Last modification, UTC ms. */
  readonly writtenMs: number;
}

export interface BrokenFile {
  readonly file: string;
  /** Where, what and the remedy. */
  readonly text: string;
  /** Of the content: what was told is not told again. */
  readonly fingerprint: string;
  /** Its content is not known: it may be any promotion of its name. */
  readonly unread: boolean;
}

export interface DirectoryLook {
  readonly place: Place;
  /** Why it cannot be looked through. */
  readonly failed: string | undefined;
  readonly promotions: readonly Promotion[];
  /** Files whose acknowledgement another tool wrote. */
  readonly acknowledged: ReadonlySet<string>;
  readonly broken: readonly BrokenFile[];
  /** Names in `parked/` that this service put there; undefined: it cannot be read. */
  readonly parked: readonly string[] | undefined;
  /** When a file that may still be being written is to be looked at again, ms from now. */
  readonly againInMs: number | undefined;
}

const ID_HEX = 12;

export function promotionId(stem: string, sha256: string): string {
  return `${stem}@${sha256.slice(0, ID_HEX)}`;
}
