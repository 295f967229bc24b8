/**
 * How well does this source tree archive? Deflates its own text in blocks that can be unpacked one by one, and measures what
 * is saved and what it costs. All of it is measured on this machine, so the times differ a little from run to run.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";

export interface ArchiveParameters {
  /** 1 (fast) to 9 (small). */
  readonly level: number;
  /** 1 to 9: how much memory the search for repetitions may use. */
  readonly mem_level: number;
  /** Small blocks are quick to reach into, large ones save more. */
  readonly block_kib: number;
}

const TREE = resolve(import.meta.dirname, "../..");
const TEXT = /\.(?:md|py|ts|yaml)$/;
const TEXT_MAX_BYTES = 4 * 1024 * 1024;
/** The fastest of the passes within this time counts: everything else that goes on here only makes them slower. */
const MEASURE_MS = 80;
const PASSES_MIN = 3;

/** `ratio`: how much smaller; `pack_ms`: to pack a MiB; `reach_us`: to unpack the one block that something stands in. */
export function evaluate(params: ArchiveParameters): Record<string, number> {
  const blocks = cut(treeText(), params.block_kib * 1024);
  const options = { level: params.level, memLevel: params.mem_level };
  const pack = (): readonly Buffer[] => blocks.map((block) => deflateRawSync(block, options));
  const packed = pack();
  const [first = Buffer.alloc(0)] = packed;
  const bytes = sizeOf(blocks);
  return {
    ratio: bytes / sizeOf(packed),
    pack_ms: (fastestMs(pack) * 1024 * 1024) / bytes,
    reach_us: fastestMs(() => inflateRawSync(first)) * 1000,
  };
}

function sizeOf(blocks: readonly Buffer[]): number {
  return blocks.reduce((bytes, block) => bytes + block.byteLength, 0);
}

function treeText(): Buffer {
  const files = readdirSync(TREE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && TEXT.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  if (files.length === 0) throw new Error(`there is no text to archive in ${TREE}`);
  return Buffer.concat(files.map((file) => readFileSync(file))).subarray(0, TEXT_MAX_BYTES);
}

function cut(text: Buffer, blockBytes: number): readonly Buffer[] {
  const count = Math.ceil(text.byteLength / blockBytes);
  return Array.from({ length: count }, (_, n) => text.subarray(n * blockBytes, (n + 1) * blockBytes));
}

function fastestMs(pass: () => unknown): number {
  const started = performance.now();
  let fastest = Number.POSITIVE_INFINITY;
  for (let passes = 0; passes < PASSES_MIN || performance.now() - started < MEASURE_MS; passes++) {
    const from = performance.now();
    pass();
    fastest = Math.min(fastest, performance.now() - from);
  }
  return fastest;
}
