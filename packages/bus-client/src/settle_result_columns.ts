/** What became of settled deliveries ↔ COMMITTED (and, for one, PLANNED). */
import type { SettleResult } from "@kloros/journal";
import { compact, cut, some, type Texts } from "./columns.ts";
import { type BUS_VERBS, type Fields, ProtocolError } from "./protocol.ts";

const RESULT_LETTERS = { ok: "o", gone: "g", refused: "r", busy: "b" } as const;

export function packSettleResults(
  ref: number,
  results: readonly SettleResult[],
): Fields<typeof BUS_VERBS, "COMMITTED"> {
  const texts: Texts = {};
  let statuses = "";
  for (const [index, result] of results.entries()) {
    statuses += RESULT_LETTERS[result.status];
    if (result.status === "refused") texts[index] = [cut(result.code), cut(result.text)];
    if (result.status === "busy") texts[index] = ["", cut(result.text)];
  }
  return compact({ ref, statuses, texts: some(texts) }) as Fields<typeof BUS_VERBS, "COMMITTED">;
}

export function unpackSettleResults(fields: Fields<typeof BUS_VERBS, "COMMITTED">): SettleResult[] {
  return Array.from(fields.statuses, (letter, index): SettleResult => {
    const [code, text] = fields.texts?.[index] ?? ["", ""];
    switch (letter) {
      case "o":
        return { status: "ok" };
      case "g":
        return { status: "gone" };
      case "r":
        return { status: "refused", code, text };
      case "b":
        return { status: "busy", text };
      default:
        throw new ProtocolError(`COMMITTED: unknown status ${letter}`);
    }
  });
}
