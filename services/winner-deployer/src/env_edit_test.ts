import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { effective, EnvSyntaxError, parseEnv } from "./env_document.ts";
import { EnvEditError, keysThatDiffer, restoreKeys, setKeys } from "./env_edit.ts";

const set = (text: string, key: string, value: string): string => setKeys(text, [{ key, text: value }]).text;

describe("setKeys() changes the value and nothing else", () => {
  const table: readonly [name: string, before: string, after: string][] = [
    ["a plain line", "A=1\nK=2\nB=3\n", "A=1\nK=9\nB=3\n"],
    ["comments and blank lines", "# a\n\n ; b\nK=2\n#K=3\n", "# a\n\n ; b\nK=9\n#K=3\n"],
    ["export and indentation", "  export K=2\n", "  export K=9\n"],
    ["blanks around the =", "K = 2\n", "K =9\n"],
    ["double quotes", 'K="2"\n', 'K="9"\n'],
    ["single quotes", "K='2'\n", "K='9'\n"],
    ["a comment behind it", "K=2 # two\n", "K=9 # two\n"],
    ["a comment behind an empty value", "K= # none\n", "K=9 # none\n"],
    ["an empty value", "K=\nA=1\n", "K=9\nA=1\n"],
    ["Windows line ends", "A=1\r\nK=2\r\n", "A=1\r\nK=9\r\n"],
    ["no final line end", "A=1\nK=2", "A=1\nK=9"],
    ["the last of several", "K=1\nA=1\nK=2\n", "K=1\nA=1\nK=9\n"],
    ["a value over several lines", 'K="a\nK=1\nb"\nA=1\n', 'K="9"\nA=1\n'],
    ["a line inside another's quotes", 'A="x\nK=1\n"\n', 'A="x\nK=1\n"\nK=9\n'],
    ["a joined line", "A=x\\\nK=1\n", "A=x\\\nK=1\nK=9\n"],
    ["an apostrophe elsewhere", "A=it's\nK=2\n", "A=it's\nK=9\n"],
    ["a byte order mark", "\uFEFFK=2\n", "\uFEFFK=9\n"],
    ["a key that is part of another", "XK=1\nK2=1\n", "XK=1\nK2=1\nK=9\n"],
    ["a missing key", "A=1\n", "A=1\nK=9\n"],
    ["a missing key, no final line end", "A=1", "A=1\nK=9"],
    ["a missing key, Windows line ends", "A=1\r\n", "A=1\r\nK=9\r\n"],
    ["an empty file", "", "K=9\n"],
  ];
  test.each(table)("%s", (_, before, after) => {
    const edit = setKeys(before, [{ key: "K", text: "9" }]);
    expect(edit.text).toBe(after);
    expect(keysThatDiffer(after, edit.edits)).toEqual([]);
    expect(restoreKeys(after, edit.edits)).toEqual({
      text: before,
      restored: ["K"],
      foreign: [],
    });
  });

  test("a value that is there already, however it is written", () => {
    expect(set("K='9' # x\n", "K", "9")).toBe("K='9' # x\n");
  });

  test("in quotes when the value needs them", () => {
    expect(set("K=1\n", "K", "a b")).toBe('K="a b"\n');
    expect(set("K=1\n", "K", 'say "a"')).toBe("K='say \"a\"'\n");
    expect(set("K='1'\n", "K", "it's")).toBe('K="it\'s"\n');
  });
});

describe("a file that cannot be edited is refused with its line", () => {
  const table: readonly [text: string, line: number, what: string][] = [
    ["A=1\nsource other\n", 2, "is neither KEY=value nor a comment"],
    ["A=1\n\n9K=1\n", 3, "is neither KEY=value nor a comment"],
    ["A='1\nB=2\n", 1, "opens a ' that nothing closes"],
    ['A=1\nB="x\\"\n', 2, 'opens a " that nothing closes'],
    ["A=1\nB=2\\", 2, "ends the file with a backslash"],
    ["A=1\nB=\0\n", 2, "holds a NUL byte"],
    ["A=1\rB=2\n", 1, "holds a carriage return that ends no line"],
    ["A=1\n# x\\\n", 2, "is a comment that ends with a backslash"],
    ["A=1\n# x\\\nK=1\n", 2, "is a comment that ends with a backslash"],
  ];
  test.each(table)("%j", (text, line, what) => {
    const failure = failureOf(() => setKeys(text, [{ key: "K", text: "9" }]));
    expect(failure).toBeInstanceOf(EnvSyntaxError);
    expect(failure).toMatchObject({ line });
    expect(String(failure)).toContain(what);
  });

  test("and so is a value that no quoting can hold", () => {
    for (const value of ["a\nB=1", "\0", "a\\b", "$a", "`", "'\"", "\ud800"]) {
      expect(failureOf(() => set("K=1\n", "K", value))).toBeInstanceOf(EnvEditError);
    }
  });
});

describe("restoreKeys() takes back only its own", () => {
  const { text, edits } = setKeys("A=1\nB=2\n", [
    { key: "A", text: "8" },
    { key: "C", text: "9" },
  ]);
  test("beside other changes", () => {
    expect(restoreKeys(`# new\n${text}D=4\n`, edits).text).toBe("# new\nA=1\nB=2\nD=4\n");
  });
  test("and leaves what somebody else set", () => {
    expect(restoreKeys(text.replace("A=8", "A=7"), edits)).toEqual({
      text: "A=7\nB=2\n",
      restored: ["C"],
      foreign: ["A"],
    });
  });
  test("and finds nothing to do the second time", () => {
    const once = restoreKeys(text, edits);
    expect(restoreKeys(once.text, edits)).toEqual({ text: once.text, restored: [], foreign: [] });
  });
});

const KEYS = ["K", "A", "B_2", "VLLM_X"];
const inQuotes = fc.string({ unit: fc.constantFrom("a", " ", "=", "#", "K", "1", "\n", "é") });
const arbitraryLine = fc.oneof(
  fc.constantFrom("", "  ", "# comment", ";x", "#K=1", "# tail\\ x"),
  fc
    .record({
      head: fc.constantFrom("", " ", "export ", "\texport  "),
      key: fc.constantFrom(...KEYS),
      equals: fc.constantFrom("=", " = ", "= "),
      value: fc.oneof(
        fc.constantFrom("", "1", "a b", "it\\'s", "x#y", "a\\\nb", "~/x", "$HOME"),
        inQuotes.map((text) => `"${text}"`),
        inQuotes.map((text) => `'${text}'`),
      ),
      tail: fc.constantFrom("", " ", " # why", "\t#"),
    })
    .map(({ head, key, equals, value, tail }) => head + key + equals + value + tail),
);
const arbitraryFile = fc
  .record({
    mark: fc.constantFrom("", "\uFEFF"),
    lines: fc.array(arbitraryLine, { maxLength: 12 }),
    end: fc.constantFrom("\n", "\r\n"),
    closed: fc.boolean(),
  })
  .map(({ mark, lines, end, closed }) => mark + lines.join(end) + (closed && lines.length > 0 ? end : ""));

test("a value may be as long as a file may be", () => {
  const long = "x\\y".repeat(1_000_000);
  for (const text of [`A='${long}'\n`, `A="${long}"\n`, `A=${long}\n`]) {
    expect(set(text, "K", "a b")).toBe(`${text}K="a b"\n`);
  }
});

test("any file: the keys get their values, every other assignment stays byte for byte, and all comes back", () => {
  const value = fc.stringMatching(/^[A-Za-z0-9 .,:#-]{0,12}$/);
  fc.assert(
    fc.property(
      arbitraryFile,
      fc.uniqueArray(fc.constantFrom(...KEYS, "NEW_1", "NEW_2"), { minLength: 1, maxLength: 3 }),
      fc.array(value, { minLength: 3, maxLength: 3 }),
      (text, keys, values) => {
        const wanted = keys.map((key, n) => ({ key, text: values[n] ?? "" }));
        const { text: after, edits } = setKeys(text, wanted);
        const [old, now] = [parseEnv(text), parseEnv(after)];
        for (const { key, text: value } of wanted) expect(effective(now, key)?.value).toBe(value);
        const others = (document: ReturnType<typeof parseEnv>): string[] =>
          document.assignments
            .filter((one) => effective(document, one.key) !== one || !keys.includes(one.key))
            .map((one) => document.text.slice(one.start, one.end).trimEnd());
        expect(others(now)).toEqual(others(old));
        const added = keys.filter((key) => effective(old, key) === undefined).length;
        expect(now.assignments.length).toBe(old.assignments.length + added);
        expect(restoreKeys(after, edits).text).toBe(text);
      },
    ),
    { numRuns: 400 },
  );
});

test("any value: what is written is one assignment that reads back as it, or nothing is written", () => {
  fc.assert(
    fc.property(arbitraryFile, fc.string({ unit: "binary", maxLength: 20 }), (text, value) => {
      let after: string;
      try {
        after = set(text, "K", value);
      } catch (error) {
        expect(error).toBeInstanceOf(EnvEditError);
        return;
      }
      const [old, now] = [parseEnv(text), parseEnv(after)];
      const isNew = effective(old, "K") === undefined ? 1 : 0;
      expect(now.assignments.length).toBe(old.assignments.length + isNew);
      expect(effective(now, "K")?.value).toBe(value);
      expect(value).not.toMatch(/[\n\r\0]/);
    }),
    { numRuns: 400 },
  );
});

function failureOf(task: () => unknown): unknown {
  try {
    task();
  } catch (error) {
    return error;
  }
  return undefined;
}
