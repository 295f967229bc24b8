/** CRC-32 over a row's columns: a flipped byte is seen when the row is read. */
export interface SignalColumns {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly lane: number;
  readonly at: number;
  readonly trace: string | null;
  readonly ckey: string | null;
  readonly body: string;
}

/**
 * In two steps, which give what one over the whole text would: joining the body to the rest would copy it twice. NaN, which
 * equals nothing, for a body that became a blob: its bytes are the same, and nobody could read it.
 */
export function signalSum(seq: number, s: SignalColumns): number {
  if (typeof s.body !== "string") return Number.NaN;
  const head = `${seq}\n${s.id}\n${s.name}\n${s.source}\n${s.lane}\n${s.at}\n${s.trace ?? ""}\n${s.ckey ?? ""}\n`;
  return Bun.hash.crc32(s.body, Bun.hash.crc32(head));
}

/** Prefixes a text with its own checksum, for columns outside a row's sum (plans). */
export function seal(text: string): string {
  return Bun.hash.crc32(text).toString(16).padStart(8, "0") + text;
}

/** Undoes `seal`; undefined when the text is not what was sealed. */
export function unseal(sealed: string): string | undefined {
  const text = sealed.slice(8);
  return sealed.length >= 8 && sealed === seal(text) ? text : undefined;
}

/** Of a consumer's state: with what it belongs to, so that one that stands under another's key is seen. */
export function sealState(cid: number, key: string, text: string): string {
  const sum = Bun.hash.crc32(text, Bun.hash.crc32(`${cid}\n${key}\n`));
  return sum.toString(16).padStart(8, "0") + text;
}

/** Undoes `sealState`, and what earlier programs wrote: those sealed the text alone. */
export function unsealState(cid: number, key: string, sealed: string): string | undefined {
  const text = sealed.slice(8);
  return sealed.length >= 8 && sealed === sealState(cid, key, text) ? text : unseal(sealed);
}

/** As JSON, with its checksum beside what it says. */
export function summed(value: object): string {
  return JSON.stringify({ ...value, sum: Bun.hash.crc32(JSON.stringify(value)) });
}

/** Undoes `summed`, and reads what earlier programs wrote without a checksum; undefined when it is neither. */
export function parseSummed(text: unknown): Readonly<Record<string, unknown>> | undefined {
  try {
    const { sum, ...value } = JSON.parse(String(text)) as Readonly<Record<string, unknown>>;
    return sum === undefined || sum === Bun.hash.crc32(JSON.stringify(value)) ? value : undefined;
  } catch {
    return undefined;
  }
}
