import { createHash } from "node:crypto";

/** 12 hex digits that tell paths apart: for directory names, not for secrets. */
export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
