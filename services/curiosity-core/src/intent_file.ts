/** Writes a question as an intent file, the way the existing installation's observer does. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { syncDirectory } from "@kloros/daemon";
import type { Question } from "./question.ts";

const TYPE = "discover.module";

/** Complete or not at all under its final name, and on disk when this returns. */
export function writeIntentFile(directory: string, question: Question, nowMs: number): string {
  const stem = `${Math.trunc(nowMs)}_${TYPE}_${shortDigest(question.key)}`;
  const temporary = join(directory, `${stem}.tmp`);
  const final = join(directory, `${stem}.json`);
  mkdirSync(directory, { recursive: true });
  writeDurably(temporary, `${JSON.stringify(intentOf(question, nowMs), null, 2)}\n`);
  renameSync(temporary, final);
  syncDirectory(directory);
  return final;
}

/** The shape that existing readers know. Pure. */
function intentOf({ facts }: Question, nowMs: number) {
  const { question, question_id, priority, evidence, hypothesis, capability_key, action_class } = facts;
  return {
    type: TYPE,
    id: question_id,
    data: { question, question_id, priority, evidence, hypothesis, capability_key, action_class },
    generated_at: nowMs / 1000,
    emitted_by: "curiosity-core",
  };
}

function shortDigest(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 8);
}

function writeDurably(path: string, text: string): void {
  const fd = openSync(path, "w", 0o644);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
