import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { chooseQuestions } from "./decide.ts";
import type { Situation } from "./decide.ts";
import { valueOf } from "./finding.ts";
import type { Finding } from "./finding.ts";

const DAY_MS = 86_400_000;
const NOW = 1_763_116_200_000;

const finding = (changes: Partial<Finding> = {}): Finding => ({
  name: "audio",
  path: `/src/${changes.name ?? "audio"}`,
  hasInit: true,
  pyFiles: 14,
  hasReadme: false,
  changedMs: NOW - 3 * DAY_MS,
  ...changes,
});

const situation = (changes: Partial<Situation> = {}): Situation => ({
  findings: [finding()],
  known: new Set(),
  asked: new Set(),
  isSettled: () => true,
  nowMs: NOW,
  ...changes,
});

describe("valueOf()", () => {
  const old = NOW - 31 * DAY_MS;
  test.each([
    ["a package with one file, old", { hasInit: true, pyFiles: 1, changedMs: old }, 60],
    ["a package with three files, old", { hasInit: true, pyFiles: 3, changedMs: old }, 70],
    ["a package with README, three files, recent", { hasInit: true, hasReadme: true, pyFiles: 3 }, 95],
    ["two files without anything, recent", { hasInit: false, pyFiles: 2 }, 65],
    ["two files without anything, old: dropped", { hasInit: false, pyFiles: 2, changedMs: old }, 0],
    ["three files without anything, old", { hasInit: false, pyFiles: 3, changedMs: old }, 60],
    ["one file without anything: no candidate", { hasInit: false, pyFiles: 1 }, 0],
    ["a README and one file", { hasInit: false, hasReadme: true, pyFiles: 1, changedMs: old }, 60],
    ["a README alone: nothing to integrate", { hasInit: false, hasReadme: true, pyFiles: 0 }, 0],
    [
      "changed exactly thirty days ago: not recent",
      { hasInit: false, pyFiles: 2, changedMs: NOW - 30 * DAY_MS },
      0,
    ],
    ["changed in the future: recent", { hasInit: false, pyFiles: 2, changedMs: NOW + DAY_MS }, 65],
  ])("%s is worth %#", (_what, changes, value) => {
    expect(valueOf(finding(changes), NOW)).toBe(value);
  });
});

describe("chooseQuestions()", () => {
  test("asks in the words of the installation", () => {
    const [question] = chooseQuestions(situation());
    expect(question?.facts).toEqual({
      question: 'What does the module "audio" do, and what can it contribute? It is not in the registry.',
      question_id: "discover.module.audio",
      priority: "normal",
      evidence: ["path:/src/audio", "has_init:True", "py_files:14", "has_docs:False", "age_days:3"],
      hypothesis: "UNDISCOVERED_MODULE_AUDIO",
      capability_key: "undiscovered.audio",
      action_class: "investigate",
      module_name: "audio",
      module_path: "/src/audio",
    });
  });

  test("asks the most valuable first, equal ones by name", () => {
    const findings = [
      finding({ name: "b" }),
      finding({ name: "c", hasReadme: true }),
      finding({ name: "a" }),
    ];
    expect(names(chooseQuestions(situation({ findings })))).toEqual(["c", "a", "b"]);
  });

  test.each([
    ["is known", { known: new Set(["audio"]) }],
    ["is still being written", { isSettled: () => false }],
    ["is called tests", { findings: [finding({ name: "tests" })] }],
    ["is hidden", { findings: [finding({ name: ".git" })] }],
    ["is a cache", { findings: [finding({ name: "__pycache__" })] }],
    ["has a line feed in its name", { findings: [finding({ name: "a\nb" })] }],
    ["has a name that is not UTF-8", { findings: [finding({ name: "a\uFFFD" })] }],
  ])("asks nothing about a directory that %s", (_what, changes: Partial<Situation>) => {
    expect(chooseQuestions(situation(changes))).toEqual([]);
  });

  test.each(["my module", "foo-bar", "foo.bar", "größe", "模块", "2fast"])(
    "asks about %p as well",
    (name) => {
      const [question] = chooseQuestions(situation({ findings: [finding({ name })] }));
      expect(question?.facts.question_id).toBe(`discover.module.${name}`);
    },
  );

  test("does not ask the same evidence twice, not even when a day has passed", () => {
    const asked = new Set(chooseQuestions(situation()).map(({ key }) => key));
    expect(chooseQuestions(situation({ asked }))).toEqual([]);
    expect(chooseQuestions(situation({ asked, nowMs: NOW + 5 * DAY_MS }))).toEqual([]);
  });

  test("asks again when the evidence changed, and about the same name at another place", () => {
    const asked = new Set(chooseQuestions(situation()).map(({ key }) => key));
    const changed = [finding({ pyFiles: 15 }), finding({ path: "/elsewhere/audio" })];
    for (const one of changed) expect(chooseQuestions(situation({ asked, findings: [one] })).length).toBe(1);
  });

  test("asking what it says until nothing is left asks about each module once", () => {
    const one = fc.record({
      name: fc.stringMatching(/^[a-c]{1,2}$/),
      hasInit: fc.boolean(),
      pyFiles: fc.nat(4),
      hasReadme: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(one, { selector: ({ name }) => name }),
        fc.integer({ min: 1, max: 3 }),
        (list, five) => {
          const findings = list.map((changes) => finding(changes));
          const asked = new Set<string>();
          const said: string[] = [];
          for (;;) {
            const batch = chooseQuestions(situation({ findings, asked })).slice(0, five);
            if (batch.length === 0) break;
            for (const { key } of batch) asked.add(key);
            said.push(...names(batch));
          }
          const worth = findings.filter((each) => valueOf(each, NOW) > 0).map(({ name }) => name);
          expect(said.toSorted()).toEqual(worth.toSorted());
        },
      ),
    );
  });
});

function names(questions: ReturnType<typeof chooseQuestions>): readonly string[] {
  return questions.map(({ facts }) => facts.module_name ?? "");
}
