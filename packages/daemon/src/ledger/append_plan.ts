/** What is stored before a line is appended, so that a redelivery can tell whether the line is there. Pure. */
import { createHash } from "node:crypto";

export interface AppendPlan {
  readonly kind: "append";
  readonly file: string;
  /** Size of the file when the plan was made: the line is at or behind it, never before. */
  readonly offset: number;
  /** Of the line in UTF-8 without its newline, bytes. */
  readonly length: number;
  /** Of the line in UTF-8 without its newline, hex. */
  readonly sha256: string;
  /** How the line begins: names a half-written one as ours also when the rest would be written differently today. */
  readonly head: string;
}

const HEAD_CHARACTERS = 200;

export function planAppend(file: string, line: string, offset: number): AppendPlan {
  const bytes = Buffer.from(line);
  return {
    kind: "append",
    file,
    offset,
    length: bytes.length,
    sha256: sha256Hex(bytes),
    head: headOf(line),
  };
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Whether `bytes` (a line without its newline) is the planned line. */
export function isPlanned(plan: AppendPlan, bytes: Uint8Array): boolean {
  return bytes.length === plan.length && sha256Hex(bytes) === plan.sha256;
}

/** Reads a plan that an earlier attempt stored; null when it is not one. */
export function readAppendPlan(value: unknown): AppendPlan | null {
  if (typeof value !== "object" || value === null) return null;
  const plan = value as Partial<Record<keyof AppendPlan, unknown>>;
  const { kind, file, offset, length, sha256, head } = plan;
  if (kind !== "append" || typeof file !== "string" || typeof head !== "string") return null;
  if (!isCount(offset) || !isCount(length) || typeof sha256 !== "string") return null;
  return { kind, file, offset, length, sha256, head };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Never ends within a surrogate pair: it has to be the same text after a trip through UTF-8. */
function headOf(line: string): string {
  const head = line.slice(0, HEAD_CHARACTERS);
  return head.isWellFormed() ? head : head.slice(0, -1);
}
