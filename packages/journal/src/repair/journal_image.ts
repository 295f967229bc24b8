/**
 * A journal that nobody has open as the pages that it was last meant to have: its file, and over it the committed
 * pages of its write-ahead log, also those behind a damaged one, which SQLite would leave out.
 *
 * Invariants: newest first, so that of two rows with one key the first is the newer one; what a frame says is used whatever
 * its checksum says, for its rows have their own.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

export interface PageVersion {
  /** 0: of a frame that does not say which page it is of. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

export interface JournalImage {
  readonly pageCount: number;
  /** Of the schema, as the header says; 0: there is none. */
  readonly version: number;
  /** The newest version. Of one that the file's end cuts through, the rest is zeros. */
  readonly page: (number: number) => Uint8Array | undefined;
  /** It should be there, by what the last commit or the file's header says, and is not. */
  readonly isMissing: (number: number) => boolean;
  /** The newest version of each page, those that were written last first. */
  readonly current: () => Iterable<PageVersion>;
  /** Older versions of pages, newest first: what the newest one lost may stand there. */
  readonly older: () => Iterable<PageVersion>;
  /** Frames of the write-ahead log that do not match their checksum, from 1 on. */
  readonly brokenFrames: readonly number[];
  /** Of these, those of which nobody can say which page they are of: one is as it was before them. */
  readonly lostFrames: readonly number[];
  readonly close: () => void;
}

const PAGE_BYTES_DEFAULT = 4096;
/** In the header of the file: how many pages it has. */
const PAGE_COUNT_AT = 28;
/** There, too: SQLite's `user_version`. */
const VERSION_AT = 60;
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

interface Frame {
  readonly number: number;
  /** Pages of the file after this commit; 0: no commit. */
  readonly commit: number;
  readonly offset: number;
  readonly intact: boolean;
  /** It would match its checksum if it were of this other page. */
  readonly fits: (other: number) => boolean;
}

export function openImage(path: string): JournalImage {
  const file = openSync(path, "r");
  const wal = existsSync(`${path}-wal`) ? openSync(`${path}-wal`, "r") : undefined;
  const bytes = pageBytes(file);
  const frames = wal === undefined ? [] : committed(readFrames(wal, bytes));
  const newest = new Map<number, Frame>();
  for (const frame of frames) newest.set(frame.number, frame);
  const inFile = Math.ceil(fstatSync(file).size / bytes);
  const fromFile = (number: number): Uint8Array | undefined =>
    number < 1 || number > inFile ? undefined : readPadded(file, (number - 1) * bytes, bytes);
  const fromWal = ({ offset }: Frame): Uint8Array | undefined =>
    wal === undefined ? undefined : readAt(wal, offset, bytes);
  const isCurrent = (frame: Frame): boolean => frame.number === 0 || newest.get(frame.number) === frame;
  const versions = function* (current: boolean): Generator<PageVersion> {
    for (const frame of frames.toReversed()) {
      const content = isCurrent(frame) === current ? fromWal(frame) : undefined;
      if (content !== undefined) yield { number: frame.number, bytes: content };
    }
    for (let number = 1; number <= inFile; number++) {
      const content = newest.has(number) === current ? undefined : fromFile(number);
      if (content !== undefined) yield { number, bytes: content };
    }
  };
  const page = (number: number): Uint8Array | undefined => {
    const frame = newest.get(number);
    return (frame === undefined ? undefined : fromWal(frame)) ?? fromFile(number);
  };
  const header = page(1);
  const lastCommit = frames.findLast(({ commit, intact }) => intact && commit > 0)?.commit;
  const meant = lastCommit ?? (header === undefined ? 0 : u32(header, PAGE_COUNT_AT));
  return {
    pageCount: frames.reduce((most, { number }) => Math.max(most, number), inFile),
    version: header === undefined ? 0 : u32(header, VERSION_AT),
    page,
    isMissing: (number) => number <= meant && page(number) === undefined,
    current: () => versions(true),
    older: () => versions(false),
    brokenFrames: numbersOf(frames, ({ intact }) => !intact),
    lostFrames: numbersOf(frames, ({ number }) => number === 0),
    close: () => {
      closeSync(file);
      if (wal !== undefined) closeSync(wal);
    },
  };
}

function numbersOf(frames: readonly Frame[], are: (frame: Frame) => boolean): number[] {
  return frames.flatMap((frame, index) => (are(frame) ? [index + 1] : []));
}

/** As the header says, if it says something that can be. */
function pageBytes(file: number): number {
  const said = readAt(file, 16, 2);
  const bytes = said === undefined ? 0 : ((said[0] ?? 0) << 8) | (said[1] ?? 0);
  const isPower = bytes >= 512 && (bytes & (bytes - 1)) === 0;
  return isPower && fstatSync(file).size % bytes === 0 ? bytes : PAGE_BYTES_DEFAULT;
}

function readPadded(fd: number, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  readSync(fd, bytes, 0, length, at);
  return bytes;
}

function readAt(fd: number, at: number, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  return readSync(fd, bytes, 0, length, at) === length ? bytes : undefined;
}

/**
 * The frames of the log's last generation: they carry the salts of its header. Behind the last one that does an older log goes
 * on, which was overwritten so far; unless the checksum goes on from there, then only the salts are damaged.
 */
function readFrames(wal: number, bytes: number): Frame[] {
  const header = readAt(wal, 0, WAL_HEADER_BYTES);
  if (header === undefined) return [];
  const all = [...framesIn(wal, header, bytes)];
  const salts = mostAlike([saltsAt(header, 16), ...all.slice(0, 2).map((frame) => frame.salts)]);
  let end = all.findLastIndex((frame) => frame.salts === salts) + 1;
  while (all[end]?.goesOn === true) end++;
  return all.slice(0, end).map((frame) => ({ ...frame, intact: frame.goesOn && frame.salts === salts }));
}

interface ReadFrame extends Omit<Frame, "intact"> {
  readonly salts: string;
  /** Its checksum goes on from that of the frame before. */
  readonly goesOn: boolean;
}

function* framesIn(wal: number, header: Uint8Array, bytes: number): Generator<ReadFrame> {
  const size = FRAME_HEADER_BYTES + bytes;
  const littleEndian = (header[3] ?? 0) % 2 === 0;
  const perWord = checksum(new Uint8Array(bytes), [1, 1], littleEndian);
  let before: Sum = [u32(header, 24), u32(header, 28)];
  for (let at = WAL_HEADER_BYTES; ; at += size) {
    const frame = readAt(wal, at, size);
    if (frame === undefined) return;
    const number = u32(frame, 0);
    const said: Sum = [u32(frame, 16), u32(frame, 20)];
    const head = checksum(frame.subarray(0, 8), before, littleEndian);
    const sum = checksum(frame.subarray(FRAME_HEADER_BYTES), head, littleEndian);
    before = said;
    yield {
      ...{ number, commit: u32(frame, 4), salts: saltsAt(frame, 8), offset: at + FRAME_HEADER_BYTES },
      goesOn: sum[0] === said[0] && sum[1] === said[1],
      // The checksum is linear: `perWord` is what a first word that is one higher adds to it.
      fits: (other) => {
        const more = word(other, littleEndian) - word(number, littleEndian);
        return perWord.every(
          (one, half) => ((Math.imul(more, one) + (sum[half] ?? 0)) | 0) === ((said[half] ?? 0) | 0),
        );
      },
    };
  }
}

function saltsAt(bytes: Uint8Array, at: number): string {
  return `${u32(bytes, at)} ${u32(bytes, at + 4)}`;
}

/** What two of them say; else the first one. Zeros are none. */
function mostAlike(all: readonly string[]): string | undefined {
  const texts = all.filter((text) => text !== "0 0");
  return texts.find((text, index) => texts.indexOf(text) !== index) ?? texts[0];
}

/** What follows the last commit was never acknowledged. */
function committed(frames: readonly Frame[]): Frame[] {
  const last = frames.findLastIndex((frame) => frame.commit > 0);
  const most = Math.max(...frames.map((frame) => (frame.intact ? frame.commit : 0)), 0);
  return frames
    .slice(0, last + 1)
    .map((frame) => (frame.intact ? frame : { ...frame, number: trueNumber(frame, most) }));
}

/** The page that a damaged frame is of. 0: what it says cannot be, and no other number fits. */
function trueNumber({ number, fits }: Frame, most: number): number {
  for (let other = 1; other <= most; other++) if (fits(other)) return other;
  return most === 0 || number <= most ? number : 0;
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

/** A number as the checksum reads it: it was written with its highest byte first. */
function word(number: number, littleEndian: boolean): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, number);
  return view.getUint32(0, littleEndian);
}

export function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}
