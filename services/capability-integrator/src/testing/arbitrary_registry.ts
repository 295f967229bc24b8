/** Random texts of `capabilities.yaml` as people and programs leave them: comments, quotes, anchors, line ends, layouts. */
import fc from "fast-check";
import { makeEntry } from "../registry_entry.ts";
import type { RegistryEntry } from "../registry_entry.ts";

/** Words that some YAML 1.1 reader takes for something other than text. */
export const TREACHEROUS = [
  ...[
    "on",
    "off",
    "yes",
    "no",
    "y",
    "n",
    "Y",
    "NO",
    "True",
    "false",
    "null",
    "Null",
    "~",
    "",
    " ",
    "007",
    "0",
    "42",
  ],
  ...[
    "1_000",
    "1:30",
    "0x1f",
    "0o7",
    "0b1",
    "1e5",
    "1.5",
    ".inf",
    "-.INF",
    ".nan",
    "2025-11-08",
    "<<",
    "=",
    "- a",
  ],
  ...[
    "2025-11-08T17:35:14.700422",
    "a: b",
    "a #b",
    "#a",
    "a:",
    ":a",
    "?",
    "!tag",
    "&anchor",
    "*alias",
    "%x",
    "@x",
  ],
  ...[
    "`x",
    "[a]",
    "{a}",
    "'a'",
    '"a"',
    "a'b",
    "a\\b",
    "a\nb",
    "a\tb",
    " a",
    "a ",
    "é",
    "😀",
    "\u0085",
    "\u2028",
  ],
  ...["\uFEFF", "\u0000", "---", "...", "a,b", "naïve module"],
];

const comment = fc.constantFrom(
  "",
  "# a comment",
  "#: 'quote\" in one",
  "# key: value",
  "  # further in",
  "#",
);

const scalar = fc.constantFrom(
  ...[
    "plain",
    "'single ''quoted'",
    '"double \\u00e9"',
    "true",
    "12",
    "1:30",
    "2025-11-08",
    "~",
    "[a, 'b', {c: d}]",
  ],
  ...["{x: 1, y: [2]}", "plain with # no", "é", "&{n} anchored", "!!str 12", "-1e3"],
);

const attributes = fc.uniqueArray(
  fc.constantFrom("module", "enabled", "notes", "on", "deep", "text", "list"),
  {
    minLength: 1,
    maxLength: 4,
  },
);

interface Style {
  readonly indent: string;
  readonly step: string;
}

function attribute(name: string, value: string, style: Style): string[] {
  const inner = style.indent + style.step;
  if (name === "deep")
    return [`${inner}deep:`, `${inner}${style.step}x: ${value}`, `${inner}${style.step}y: 2`];
  if (name === "text")
    return [`${inner}text: |`, `${inner}${style.step}line: one`, "", `${inner}${style.step}# two`];
  if (name === "list") return [`${inner}list:`, `${inner}- ${value}`, `${inner}- b`];
  return [`${inner}${name}: ${value}`];
}

function entryText(name: string, style: Style): fc.Arbitrary<string> {
  return fc
    .tuple(attributes, scalar, comment, comment, fc.boolean())
    .map(([names, value, above, beside, blank]) => {
      const lines = names.flatMap((attr, n) => attribute(attr, value.replace("{n}", `${name}_${n}`), style));
      const head = `${style.indent}${name}:${beside.startsWith("#") ? ` ${beside}` : ""}`;
      return [
        ...(blank ? [""] : []),
        ...(above === "" ? [] : [style.indent + above.trim()]),
        head,
        ...lines,
      ].join("\n");
    });
}

function layout(nested: boolean): fc.Arbitrary<string> {
  return fc.constantFrom("  ", "    ", "   ").chain((step) => {
    const style = { indent: nested ? step : "", step };
    const names = fc.uniqueArray(fc.constantFrom("audio", "Mod_2", "tools-x", "voice", "'q'", "x9"), {
      maxLength: 5,
    });
    const body = names.chain((chosen) => fc.tuple(...chosen.map((name) => entryText(name, style))));
    return body.map((entries) => entries.join("\n"));
  });
}

/** What may stand around the entries. */
const around = fc.record({
  bom: fc.boolean(),
  head: fc.constantFrom("", "# Registry\n", "---\n", "%YAML 1.1\n---\n", "# one\n\n# two\n---\n# three\n"),
  foot: fc.constantFrom("", "\n", "\n\n", "\n# the end", "\n# the end\n", "\n...\n", "\n...\n# after\n"),
  crlf: fc.boolean(),
  container: fc.constantFrom("none", "last", "first"),
});

/** Half of the flow texts are JSON. */
const flow = fc.constantFrom(
  ...["{}", "{ }\n", "{ # c\n}\n", '{"a": {"module": "a"}}\n', "{a: {module: a}, b: {m: [1, 2]},}\n"],
  ...['{\n  "a": {"module": "x"},\n  "b": {"module": "y"} # c\n}\n', "--- {a: 1}\n", "capabilities: {}\n"],
  ...["capabilities: {a: {module: a}}\nversion: 2\n", "# c\n{a: !!str 1}"],
);

const block = around.chain(({ bom, head, foot, crlf, container }) =>
  layout(container !== "none").map((entries) => {
    const nested = container === "none" ? entries : `capabilities: # all of them\n${entries}`;
    const other = "version: 2\nother: {module: z}";
    const whole =
      container === "first" ? `${nested}\n${other}` : container === "last" ? `${other}\n${nested}` : nested;
    const text = head + whole + foot;
    return (bom ? "\uFEFF" : "") + (crlf ? text.replaceAll("\n", "\r\n") : text);
  }),
);

/** Not every text is a registry that can be edited (an anchor twice, a comment that ends a scalar): parse to know. */
export const arbitraryRegistryText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: block },
  { weight: 1, arbitrary: flow },
);

export const arbitraryKey: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...TREACHEROUS.filter((word) => word !== "")),
  fc.string({ minLength: 1, maxLength: 20, unit: "binary" }),
  fc.constantFrom("planner", "memory_core", "net.io"),
);

export const arbitraryEntry: fc.Arbitrary<RegistryEntry> = fc
  .tuple(arbitraryKey, fc.nat(40))
  .map(([module, pyFiles]) => makeEntry(module, pyFiles, "2025-11-08T17:35:14.700422"));
