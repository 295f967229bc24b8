/**
 * Which keys of the environment file a winner may set, and to what. A winner's content is data: a value that does not fit
 * its key is refused, never adapted. Pure.
 */
import { quoteValue } from "./env_value.ts";

export type ValueKind = "integer" | "number" | "boolean" | "string" | "integers";

export interface AllowedKey {
  readonly key: string;
  readonly type: ValueKind;
  /** Bounds of numbers, of each one in a list. */
  readonly min?: number;
  readonly max?: number;
  /** The only texts allowed. */
  readonly values?: readonly string[];
}

/** Targets of the installation's own table, within what their readers make sense of. */
export const DEFAULT_ALLOWED: readonly AllowedKey[] = [
  { key: "VLLM_CONTEXT_LENGTH", type: "integer", min: 256, max: 1_048_576 },
  { key: "VLLM_GPU_LAYERS", type: "integer", min: -1, max: 1000 },
  { key: "VLLM_MAX_TOKENS", type: "integer", min: 1, max: 1_048_576 },
  { key: "VLLM_TEMPERATURE", type: "number", min: 0, max: 2 },
  { key: "KLR_TTS_SPEED", type: "number", min: 0.1, max: 4 },
  { key: "KLR_TTS_QUALITY", type: "string" },
  { key: "KLR_VAD_THRESHOLD", type: "number", min: -100, max: 1 },
  { key: "KLR_VAD_SENSITIVITY", type: "number", min: 0, max: 10 },
  { key: "KLR_MAX_CONTEXT_EVENTS", type: "integer", min: 1, max: 10_000 },
  { key: "KLR_CONVERSATION_TIMEOUT", type: "number", min: 0, max: 86_400 },
  { key: "KLR_RAG_TOP_K", type: "integer", min: 1, max: 1000 },
  { key: "KLR_RAG_CHUNK_SIZE", type: "integer", min: 1, max: 1_048_576 },
  { key: "ASR_CORRECTION_THRESHOLD", type: "number", min: 0, max: 1 },
];

const KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** What decides about rights or about what programs are loaded. */
const NEVER =
  /^(?:KLOROS_.*|KLR_AUTONOMY.*|LD_.*|DYLD_.*|BASH_.*|PYTHON.*|NODE_.*|BUN_.*|PERL5.*|RUBY.*|_?JAVA_.*|GCONV_PATH|PROMPT_COMMAND|PS4|SHELLOPTS|BASHOPTS|PATH|ENV|IFS|HOME|SHELL|USER)$/i;

/** Not to be set by any winner, whatever a list says. */
export function isNeverAllowed(key: string): boolean {
  return !KEY.test(key) || NEVER.test(key);
}

/** A plan that was stored before the settings changed is held to the new ones. */
export function mayBeSet(key: string, allow: readonly AllowedKey[]): boolean {
  return !isNeverAllowed(key) && allow.some((one) => one.key === key);
}

const TEXT_LENGTH_MAX = 200;
const LIST_LENGTH_MAX = 32;

export type CheckedValue =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };

/** The text that stands in the file for `value`, or why it may not. */
export function checkValue(allowed: AllowedKey, value: unknown): CheckedValue {
  const written = writeValue(allowed, value);
  if (!written.ok) return written;
  const { text } = written;
  if (text.length > TEXT_LENGTH_MAX) return refuse(`is longer than ${TEXT_LENGTH_MAX} characters`);
  if (allowed.values !== undefined && !allowed.values.includes(text)) {
    return refuse(`is none of ${allowed.values.join(", ")}`);
  }
  if (quoteValue(text, "none") === undefined) {
    return refuse(
      "holds $, `, \\, control characters or both quotes, which readers of the file take differently",
    );
  }
  return written;
}

function writeValue(allowed: AllowedKey, value: unknown): CheckedValue {
  if (allowed.type === "string") return writeText(value);
  if (allowed.type === "integers") return writeIntegers(allowed, value);
  if (allowed.type !== "boolean") return writeNumber(allowed, value);
  return typeof value === "boolean" ? { ok: true, text: String(value) } : refuse("is not true or false");
}

function writeNumber(allowed: AllowedKey, value: unknown): CheckedValue {
  if (Array.isArray(value)) {
    return refuse('is a list where one number belongs; type "integers" takes a list, joined by commas');
  }
  const whole = allowed.type !== "number";
  if (typeof value !== "number" || !Number.isFinite(value) || (whole && !Number.isSafeInteger(value))) {
    return refuse(whole ? "is not a whole number" : "is not a number");
  }
  if (allowed.min !== undefined && value < allowed.min) return refuse(`is below ${allowed.min}`);
  if (allowed.max !== undefined && value > allowed.max) return refuse(`is above ${allowed.max}`);
  return { ok: true, text: String(value) };
}

/** A text, or a number where names and levels are both in use. */
function writeText(value: unknown): CheckedValue {
  if (typeof value === "string") return { ok: true, text: value };
  if (typeof value === "number" && Number.isFinite(value)) return { ok: true, text: String(value) };
  return refuse("is not a text");
}

function writeIntegers(allowed: AllowedKey, value: unknown): CheckedValue {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (items.length === 0 || items.length > LIST_LENGTH_MAX) {
    return refuse(`is not a list of 1 to ${LIST_LENGTH_MAX} whole numbers`);
  }
  const texts: string[] = [];
  for (const item of items) {
    const written = Array.isArray(item) ? refuse("is a list of lists") : writeNumber(allowed, item);
    if (!written.ok) return written;
    texts.push(written.text);
  }
  return { ok: true, text: texts.join(",") };
}

function refuse(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
