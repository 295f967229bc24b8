/**
 * A journal that nobody has open as the pages that it was last meant to have: its file, and over it the committed
 * pages of its write-ahead log, also those behind a damaged one, which SQLite would leave out.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

export interface JournalImage {
  readonly pageCount: number;
  /** The newest version. */
  readonly page: (number: number) => Uint8Array | undefined;
  /** Older versions of pages, newest first: what the newest one lost may stand there. */
  readonly older: () => Iterable<{ readonly number: number; readonly bytes: Uint8Array }>;
  /** Frames of the write-ahead log that do not match their checksum. */
  readonly brokenFrames: number;
  readonly close: () => void;
}

const PAGE_BYTES_DEFAULT = 4096;
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

interface Frame {
  readonly number: number;
  /** Pages of the file after this commit; 0: no commit. */
  readonly commit: number;
  readonly offset: number;
  readonly intact: boolean;
}

export function openImage(path: string): JournalImage {
  const file = openSync(path, "r");
  const wal = existsSync(`${path}-wal`) ? openSync(`${path}-wal`, "r") : undefined;
  const bytes = pageBytes(file);
  const frames = wal === undefined ? [] : committed(readFrames(wal, bytes));
  const newest = new Map<number, Frame>();
  for (const frame of frames) newest.set(frame.number, frame);
  const inFile = Math.floor(fstatSync(file).size / bytes);
  const fromFile = (number: number): Uint8Array | undefined => readAt(file, (number - 1) * bytes, bytes);
  const fromWal = ({ offset }: Frame): Uint8Array | undefined =>
    wal === undefined ? undefined : readAt(wal, offset, bytes);
  const highest = frames.reduce((most, frame) => Math.max(most, frame.number), 0);
  return {
    pageCount: Math.max(inFile, highest),
    page: (number) => {
      const frame = newest.get(number);
      return (frame === undefined ? undefined : fromWal(frame)) ?? fromFile(number);
    },
    older: function* () {
      for (const frame of frames.toReversed()) {
        const content = newest.get(frame.number) === frame ? undefined : fromWal(frame);
        if (content !== undefined) yield { number: frame.number, bytes: content };
      }
      for (const number of newest.keys()) {
        const content = fromFile(number);
        if (content !== undefined) yield { number, bytes: content };
      }
    },
    brokenFrames: frames.filter((frame) => !frame.intact).length,
    close: () => {
      closeSync(file);
      if (wal !== undefined) closeSync(wal);
    },
  };
}

/** As the header says, if it says something that can be. */
function pageBytes(file: number): number {
  const said = readAt(file, 16, 2);
  const bytes = said === undefined ? 0 : ((said[0] ?? 0) << 8) | (said[1] ?? 0);
  const isPower = bytes >= 512 && (bytes & (bytes - 1)) === 0;
  return isPower && fstatSync(file).size % bytes === 0 ? bytes : PAGE_BYTES_DEFAULT;
}

function readAt(fd: number, at: number, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  return readSync(fd, bytes, 0, length, at) === length ? bytes : undefined;
}

/** The frames of the log's last generation: they carry the salts of the first one. */
function readFrames(wal: number, bytes: number): Frame[] {
  const header = readAt(wal, 0, WAL_HEADER_BYTES);
  const frames: Frame[] = [];
  if (header === undefined) return frames;
  const size = FRAME_HEADER_BYTES + bytes;
  const littleEndian = (header[3] ?? 0) % 2 === 0;
  let before: Sum = [u32(header, 24), u32(header, 28)];
  let salts: string | undefined;
  for (let at = WAL_HEADER_BYTES; ; at += size) {
    const frame = readAt(wal, at, size);
    if (frame === undefined) return frames;
    const mine = `${u32(frame, 8)} ${u32(frame, 12)}`;
    salts ??= agreed(header, frame) ?? mine;
    const said: Sum = [u32(frame, 16), u32(frame, 20)];
    const head = checksum(frame.subarray(0, 8), before, littleEndian);
    const sum = checksum(frame.subarray(FRAME_HEADER_BYTES), head, littleEndian);
    const goesOn = sum[0] === said[0] && sum[1] === said[1];
    const intact = mine === salts && goesOn;
    // Other salts are damage only when its sum goes on from the frame before: else an older log begins, which was overwritten so far.
    if (mine !== salts && !goesOn) return frames;
    before = said;
    frames.push({ number: u32(frame, 0), commit: u32(frame, 4), offset: at + FRAME_HEADER_BYTES, intact });
  }
}

/** The salts of header and first frame, when they are the same. */
function agreed(header: Uint8Array, frame: Uint8Array): string | undefined {
  const same = u32(header, 16) === u32(frame, 8) && u32(header, 20) === u32(frame, 12);
  return same ? `${u32(frame, 8)} ${u32(frame, 12)}` : undefined;
}

/** What follows the last commit was never acknowledged. A page number that cannot be is damage. */
function committed(frames: readonly Frame[]): Frame[] {
  const last = frames.findLastIndex((frame) => frame.commit > 0);
  const most = Math.max(...frames.map((frame) => (frame.intact ? frame.commit : 0)), 0);
  return frames
    .slice(0, last + 1)
    .filter((frame) => frame.number > 0 && (most === 0 || frame.number <= most));
}

type Sum = readonly [number, number];

function checksum(data: Uint8Array, [first, second]: Sum, littleEndian: boolean): Sum {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let [a, b] = [first, second];
  for (let at = 0; at + 8 <= data.length; at += 8) {
    a = (a + view.getUint32(at, littleEndian) + b) >>> 0;
    b = (b + view.getUint32(at + 4, littleEndian) + a) >>> 0;
  }
  return [a, b];
}

function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}
