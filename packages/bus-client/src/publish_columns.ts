/** Results of a publish ↔ PUBACK. */
import type { PublishResult } from "@kloros/journal";
import { compact, cut, requireSameLength, some, type Texts } from "./columns.ts";
import { type BUS_VERBS, type Fields, ProtocolError } from "./protocol.ts";

const PUBLISH_LETTERS = {
  stored: "s",
  duplicate: "d",
  conflict: "c",
  announced: "a",
  invalid: "i",
  busy: "b",
} as const;

export function packPublishResults(
  ref: number,
  results: readonly PublishResult[],
): Fields<typeof BUS_VERBS, "PUBACK"> {
  const texts: Texts = {};
  const seqs: number[] = [];
  let statuses = "";
  for (const [index, result] of results.entries()) {
    statuses += PUBLISH_LETTERS[result.status];
    seqs.push("seq" in result ? result.seq : 0);
    if (result.status === "invalid") texts[index] = [cut(result.code), cut(result.text)];
    else if ("text" in result) texts[index] = ["", cut(result.text)];
  }
  return compact({ ref, statuses, seqs, texts: some(texts) }) as Fields<typeof BUS_VERBS, "PUBACK">;
}

export function unpackPublishResults(fields: Fields<typeof BUS_VERBS, "PUBACK">): PublishResult[] {
  requireSameLength("PUBACK", fields.statuses, fields.seqs);
  return fields.seqs.map((seq, index) =>
    publishResult(fields.statuses.charAt(index), seq, fields.texts?.[index] ?? ["", ""]),
  );
}

function publishResult(letter: string, seq: number, [code, text]: [string, string]): PublishResult {
  switch (letter) {
    case "s":
      return { status: "stored", seq };
    case "d":
      return { status: "duplicate", seq };
    case "c":
      return { status: "conflict", seq, text };
    case "a":
      return { status: "announced" };
    case "i":
      return { status: "invalid", code, text };
    case "b":
      return { status: "busy", text };
    default:
      throw new ProtocolError(`PUBACK: unknown status ${letter}`);
  }
}
