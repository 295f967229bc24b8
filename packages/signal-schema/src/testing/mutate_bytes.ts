/** One piece of bytes that somebody might have written → another that nobody would have: the same choices, the same bytes. */
import type { Choices } from "./choices.ts";
import { exchangeValue } from "./exchange_value.ts";

/** What a fuzzed reader knows: whole good inputs, and the words that mean something to it. */
export interface Corpus {
  readonly samples: readonly (string | Uint8Array)[];
  readonly words?: readonly string[];
}

type Mutate = (bytes: Uint8Array, choices: Choices, corpus: Corpus) => Uint8Array;

/** Longest input, bytes: long enough to be slow where something is quadratic, short enough for thousands. */
const BYTES_MAX = 64 * 1024;
const STEPS_MAX = 4;

const HOSTILE_TEXTS = [
  "__proto__",
  "constructor",
  "toString",
  "\0",
  "\uFEFF",
  "\u2028",
  "\\ud800",
  "\r",
  "\r\n",
  "\n",
  "\t",
  "'",
  '"',
  "`",
  "\\",
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "#",
  "null",
  "true",
  "NaN",
  "-Infinity",
  "{}",
  "[]",
  "../../etc/passwd",
  "\u{1F600}",
  "é",
];

const HOSTILE_NUMBERS = [
  "-1",
  "-0",
  "0.1",
  "1e308",
  "1e999",
  "9007199254740991",
  "9007199254740993",
  "18446744073709551616",
  "-9223372036854775808",
  "9".repeat(400),
  "0x10",
  "1_000",
  "1e-400",
];

/** No UTF-8 any of them: a lone continuation, an overlong slash, a surrogate, a cut character, bytes that never occur. */
const NO_UTF8: readonly (readonly number[])[] = [
  [0x80],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xe2, 0x82],
  [0xff],
  [0xfe, 0xff],
  [0xf5, 0x80, 0x80, 0x80],
];

const BRACKETS: readonly (readonly [string, string])[] = [
  ["[", "]"],
  ['{"a":', "}"],
  ["(", ")"],
  ["a:\n ", ""],
  ["- ", ""],
  ["!", ""],
  ['"', '"'],
];

const DEPTHS = [2, 20, 70, 300, 3000];

const encoder = new TextEncoder();
const bytesOf = (sample: string | Uint8Array): Uint8Array =>
  typeof sample === "string" ? encoder.encode(sample) : sample;

function spliced(bytes: Uint8Array, from: number, to: number, by: Uint8Array): Uint8Array {
  const result = new Uint8Array(from + by.length + bytes.length - to);
  result.set(bytes.subarray(0, from));
  result.set(by, from);
  result.set(bytes.subarray(to), from + by.length);
  return result;
}

/** A piece of the bytes: mostly short. */
function piece(bytes: Uint8Array, choices: Choices): { readonly from: number; readonly to: number } {
  const from = choices.below(bytes.length + 1);
  const longest = choices.below(4) === 0 ? bytes.length - from : Math.min(bytes.length - from, 12);
  return { from, to: from + choices.below(longest + 1) };
}

const put = (bytes: Uint8Array, choices: Choices, text: string | readonly number[]): Uint8Array => {
  const { from, to } = piece(bytes, choices);
  const by = typeof text === "string" ? encoder.encode(text) : Uint8Array.from(text);
  return spliced(bytes, from, choices.below(2) === 0 ? from : to, by);
};

const MUTATIONS: readonly Mutate[] = [
  function flipBit(bytes, choices) {
    const result = Uint8Array.from(bytes);
    const at = choices.below(bytes.length);
    if (bytes.length > 0) result[at] = (bytes[at] ?? 0) ^ (1 << choices.below(8));
    return result;
  },
  function setByte(bytes, choices) {
    const result = Uint8Array.from(bytes);
    if (bytes.length > 0) result[choices.below(bytes.length)] = choices.below(256);
    return result;
  },
  (bytes, choices) => bytes.subarray(0, choices.below(bytes.length + 1)),
  function remove(bytes, choices) {
    const { from, to } = piece(bytes, choices);
    return spliced(bytes, from, to, new Uint8Array());
  },
  function repeat(bytes, choices) {
    const { from, to } = piece(bytes, choices);
    const times = choices.pick([1, 2, 3, 100]);
    const copy = Buffer.concat(Array.from({ length: times }, () => bytes.subarray(from, to)));
    return spliced(bytes, to, to, copy);
  },
  function splice(bytes, choices, { samples }) {
    const other = bytesOf(choices.pick(samples));
    const cut = piece(other, choices);
    const { from, to } = piece(bytes, choices);
    return spliced(bytes, from, to, other.subarray(cut.from, cut.to));
  },
  (bytes, choices, { words = HOSTILE_TEXTS }) => put(bytes, choices, choices.pick(words)),
  (bytes, choices) => put(bytes, choices, choices.pick(HOSTILE_TEXTS)),
  (bytes, choices) => put(bytes, choices, choices.pick(NO_UTF8)),
  function exchangeNumber(bytes, choices) {
    const text = Buffer.from(bytes).toString("latin1");
    const found = [...text.matchAll(/\d+/g)];
    const number = choices.pick(HOSTILE_NUMBERS);
    if (found.length === 0) return put(bytes, choices, number);
    const { index, 0: old } = choices.pick(found);
    return spliced(bytes, index, index + old.length, encoder.encode(number));
  },
  function exchangeWord(bytes, choices, { words = HOSTILE_TEXTS }) {
    const text = Buffer.from(bytes).toString("latin1");
    const found = [...text.matchAll(/[A-Za-z_]\w*/g)];
    if (found.length === 0) return put(bytes, choices, choices.pick(words));
    const { index, 0: old } = choices.pick(found);
    return spliced(bytes, index, index + old.length, encoder.encode(choices.pick(words)));
  },
  (bytes, choices) => exchangeValue(bytes, choices) ?? bytes,
  (bytes, choices) => exchangeValue(bytes, choices) ?? bytes,
  (bytes, choices) => exchangeValue(bytes, choices) ?? bytes,
  function nest(bytes, choices) {
    const [open, close] = choices.pick(BRACKETS);
    const depth = choices.pick(DEPTHS);
    const { from, to } = piece(bytes, choices);
    const inner = Buffer.from(bytes.subarray(from, to));
    const closing = choices.below(4) === 0 ? "" : close.repeat(depth);
    const nested = Buffer.concat([Buffer.from(open.repeat(depth)), inner, Buffer.from(closing)]);
    return spliced(bytes, from, to, nested);
  },
];

/** A sample with one to five things done to it; now and then untouched. */
export function mutateBytes(corpus: Corpus, choices: Choices): Uint8Array {
  let bytes = bytesOf(choices.pick(corpus.samples));
  for (let left = choices.below(STEPS_MAX + 1); left > 0; left -= 1) {
    bytes = choices.pick(MUTATIONS)(bytes, choices, corpus).subarray(0, BYTES_MAX);
  }
  return bytes;
}
