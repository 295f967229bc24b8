/** Checksums of the rows that are written one by one: CRC-32 over all columns but the sum itself, their key among them. */
type Column = string | number | null;

/** Of what SQLite gives back: half of a surrogate pair is stored as U+FFFD. */
function crc(...columns: readonly Column[]): number {
  const stored = columns.map((column) => (typeof column === "string" ? column.toWellFormed() : column));
  return Bun.hash.crc32(JSON.stringify(stored));
}

/** Of all but the counts, which have their own: they are written with each transaction. */
export function consumerSum(row: {
  readonly cid: number;
  readonly name: string;
  readonly definition: string;
  readonly holder: string;
  readonly removed_at: number | null;
}): number {
  return crc(row.cid, row.name, row.definition, row.holder, row.removed_at);
}

export interface CountColumns {
  readonly matched: number;
  readonly matched_x: number;
  readonly done: number;
  readonly superseded: number;
  readonly dead: number;
  readonly dropped: number;
  readonly damaged: number;
  readonly settled_x: number;
}

export function countsSum(cid: number, c: CountColumns): number {
  const text = `${cid} ${c.matched} ${c.matched_x} ${c.done} ${c.superseded} ${c.dead} ${c.dropped} ${c.damaged} ${c.settled_x}`;
  return Bun.hash.crc32(text);
}

export function subscriptionSum(row: {
  readonly name: string;
  readonly cid: number;
  readonly from_seq: number;
}): number {
  return crc(row.name, row.cid, row.from_seq);
}

export interface LetterColumns {
  readonly n: number;
  readonly cid: number | null;
  readonly seq: number;
  readonly id: string;
  readonly consumer: string;
  readonly reason: string;
  readonly error: string;
  readonly attempts: number;
  readonly first_at: number;
  readonly dead_at: number;
  readonly state: string;
  readonly content: string | null;
  readonly fields: string | null;
}

export function letterSum(l: LetterColumns): number {
  return crc(l.n, ...besideNumber(l));
}

/** As it is written now, or by earlier programs: those left its number out. */
export function isLetterIntact(l: LetterColumns & { readonly sum: number }): boolean {
  return l.sum === letterSum(l) || l.sum === crc(...besideNumber(l));
}

function besideNumber(l: LetterColumns): readonly Column[] {
  const { cid, seq, id, consumer, reason, error, attempts, first_at, dead_at, state, content, fields } = l;
  return [cid, seq, id, consumer, reason, error, attempts, first_at, dead_at, state, content, fields];
}

export function memoSum(row: {
  readonly id: string;
  readonly seq: number;
  readonly body_hash: string;
  readonly forget_at: number;
}): number {
  return crc(row.id, row.seq, row.body_hash, row.forget_at);
}
