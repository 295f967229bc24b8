/** For tests: intent files as existing writers leave them, and the broken ones that were seen. */
import { mkdirSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface IntentFileOptions {
  /** Default 5: normal. */
  readonly priority?: number;
  /** Default: `curiosity_investigate`. */
  readonly type?: string;
  /** UTC ms; default now. Also the modification time when given. */
  readonly writtenMs?: number;
  readonly question?: string;
}

/** One intent, renamed into place as the observer does. Returns its file name. */
export function writeIntent(directory: string, id: string, options: IntentFileOptions = {}): string {
  const { priority = 5, type = "curiosity_investigate", writtenMs, question = `What is ${id}?` } = options;
  const name = `${Math.trunc(writtenMs ?? Date.now())}_${type}_${id}.json`;
  const content = {
    intent_type: type,
    priority,
    reason: "a test asked",
    data: { question_id: id, question, hypothesis: `TEST_${id}`, evidence: [`id:${id}`] },
    generated_at: (writtenMs ?? Date.now()) / 1000,
    emitted_by: "test",
  };
  const temporary = join(directory, `${name.slice(0, -".json".length)}.tmp`);
  writeFileSync(temporary, JSON.stringify(content, null, 2));
  if (writtenMs !== undefined) utimesSync(temporary, writtenMs / 1000, writtenMs / 1000);
  renameSync(temporary, join(directory, name));
  return name;
}

/** `count` intents with the question ids `<prefix>0` …, their ages ascending. Returns the ids. */
export function writeIntents(directory: string, count: number, prefix = "backlog-"): readonly string[] {
  mkdirSync(directory, { recursive: true });
  const oldestMs = Date.now() - 3_600_000;
  return Array.from({ length: count }, (_, index) => {
    const id = `${prefix}${index}`;
    writeIntent(directory, id, { writtenMs: oldestMs + index });
    return id;
  });
}

/** Contents seen in existing installations that cannot become a signal, by file name. */
export const BROKEN_INTENTS: Readonly<Record<string, string | Uint8Array>> = {
  "empty.json": "",
  "invalid.json": '{"type": "curiosity_investigate", question}',
  "not_utf8.json": new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
  "list.json": '[{"type":"curiosity_investigate","question":"?"}]',
  "null.json": "null",
  "data_null.json": '{"type":"discover.module","data":null}',
  "data_list.json": '{"type":"discover.module","data":["question"]}',
  "nan.json": '{"type":"curiosity_investigate","question":"?","score":NaN}',
  "unknown.json": '{"type":"never_heard_of","data":{}}',
  "truncated.json": '{"type":"curiosity_investigate","question":"What',
};

export function writeBrokenIntents(directory: string): void {
  for (const [name, content] of Object.entries(BROKEN_INTENTS)) writeFileSync(join(directory, name), content);
}

/** For tests that let the decisions of this service run without its files. */
export { decideIntent, type Rules } from "./decide.ts";
export { publishIntents, reportRejected } from "./deliver_intents.ts";
export type { Examined } from "./examine.ts";
export type { FileLook } from "./file_look.ts";
export { compileTable } from "./mapping_table.ts";
