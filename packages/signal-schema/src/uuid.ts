/**
 * Ids: UUIDv7 for what begins something. Within one source and one millisecond (and across small steps back of the
 * clock) they ascend, by a counter in the 12 bits behind the time (RFC 9562, 6.2, method 1).
 */
const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const counterMax = 0xfff;
/** A clock that steps back further than this is believed. */
const stepBackMsMax = 10_000;
const timeMsMax = 2 ** 48 - 1;

/** Any version, lower-case. */
export function isUuid(text: string): boolean {
  return uuidShape.test(text);
}

export function formatUuid(bytes: Uint8Array): string {
  const hex = bytes.toHex();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** Writes milliseconds since 1970 into the first 48 bits. */
export function writeTime(bytes: Uint8Array, ms: number): void {
  if (!Number.isInteger(ms) || ms < 0 || ms > timeMsMax) {
    throw new RangeError(
      `cannot write the time ${ms} into an id: whole milliseconds from 0 to 2^48-1 are needed`,
    );
  }
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(0, Math.floor(ms / 2 ** 32));
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(2, ms % 2 ** 32);
}

/** Sets version and variant. */
export function stamp(bytes: Uint8Array, version: number): void {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
}

/** A generator with a memory of its own. `random`: 0 ≤ x < 1; default: the system's. */
export function createUuidv7Source(random: () => number = systemRandom): (nowMs: number) => string {
  const bytes = new Uint8Array(16);
  let lastMs = -1;
  let counter = 0;
  return (nowMs) => {
    const now = Math.floor(nowMs);
    if (now > lastMs || now < lastMs - stepBackMsMax) {
      lastMs = now;
      // The upper half of the counter stays free for what else happens in this millisecond.
      counter = Math.floor(random() * (counterMax / 2));
    } else if (++counter > counterMax) {
      lastMs += 1;
      counter = 0;
    }
    writeTime(bytes, lastMs);
    bytes[6] = counter >>> 8;
    bytes[7] = counter & 0xff;
    for (let index = 8; index < 16; index++) bytes[index] = Math.floor(random() * 256);
    stamp(bytes, 7);
    return formatUuid(bytes);
  };
}

const pool = new Uint8Array(4096);
let poolUsed = pool.length;

/** Eight random bits as a fraction: as much as an id takes at a time. */
function systemRandom(): number {
  if (poolUsed === pool.length) {
    crypto.getRandomValues(pool);
    poolUsed = 0;
  }
  return (pool[poolUsed++] ?? 0) / 256;
}

const processSource = createUuidv7Source();

/**
 * A new id for the time `nowMs` (UTC, ms). Without `random` the ids of this process ascend;
 * with `random` (0 ≤ x < 1) the result depends on the arguments alone.
 */
export function uuidv7(nowMs: number, random?: () => number): string {
  return random === undefined ? processSource(nowMs) : createUuidv7Source(random)(nowMs);
}
