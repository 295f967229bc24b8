import { describe, expect, test } from "bun:test";
import { chooseTarget, wordsOf, type Question, type Target } from "./decide.ts";

const question = (facts: Partial<Question>): Question => ({
  question: "What is it?",
  question_id: "q1",
  priority: "normal",
  evidence: [],
  ...facts,
});

const GENERIC: Target = { kind: "generic" };
const module = (name: string, path: string): Target => ({ kind: "module", name, path });

describe("chooseTarget()", () => {
  const table: readonly (readonly [string, Partial<Question>, Target])[] = [
    [
      "the path of the evidence, the name of the question's id",
      { question_id: "discover.module.audio", evidence: ["py_files:3", "path:/src/audio"] },
      module("audio", "/src/audio"),
    ],
    [
      "the module_path when no evidence has one",
      { module_path: "/src/tts", module_name: "tts" },
      module("tts", "/src/tts"),
    ],
    [
      "the evidence before the module_path",
      { module_path: "tts", evidence: ["path:/src/tts"], module_name: "tts" },
      module("tts", "/src/tts"),
    ],
    [
      "the last part of a path that nobody names",
      { evidence: ["path:/src/vision/"] },
      module("vision", "/src/vision/"),
    ],
    [
      "the name of the capability key",
      { capability_key: "undiscovered.vad", evidence: ["path:/x/y"] },
      module("vad", "/x/y"),
    ],
    [
      "a named module without a path, below the source root",
      { question_id: "discover.module.a.b" },
      module("a.b", "a/b"),
    ],
    ["nothing when the name is no Python name", { question_id: "discover.module.../../etc" }, GENERIC],
    ["nothing when the path is empty", { evidence: ["path:"] }, GENERIC],
    ["nothing when the path is the root", { evidence: ["path:/"] }, GENERIC],
    ["nothing for a question about no module", { question: "Why is it slow?" }, GENERIC],
  ];
  test.each(table)("takes %s", (_, facts, expected) => {
    expect(chooseTarget(question(facts))).toEqual(expected);
  });
});

test("wordsOf() gives each word once, in lower case", () => {
  expect(wordsOf(question({ question: "Why is Audio slow? audio!", hypothesis: "AUDIO_STALL" }))).toEqual([
    "audio_stall",
    "audio",
    "slow",
    "why",
  ]);
});
