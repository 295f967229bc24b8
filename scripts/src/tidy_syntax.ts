import type { Rule, Remark } from "./tidy_rules.ts";

const FUNCTION_LINES_MAX = 80;
/** The callback of a suite may hold the table that its tests run through. */
const TEST_FUNCTION_LINES_MAX = 150;

function eachLine(lines: readonly number[], message: string): Remark[] {
  return lines.map((line) => ({ line, message }));
}

export const parses: Rule = {
  name: "parses",
  why: "the other rules see nothing in a file that does not parse",
  check: ({ syntax }) => (syntax?.error === undefined ? [] : [{ line: 1, message: syntax.error }]),
};

export const noDefaultExports: Rule = {
  name: "no-default-exports",
  why: "a thing has one name everywhere",
  // A declaration file describes what others wrote.
  check: ({ path, syntax }) =>
    path.endsWith(".d.ts") ? [] : eachLine(syntax?.defaultExports ?? [], "export it by its name"),
};

export const noExportStar: Rule = {
  name: "no-export-star",
  why: "what a file promises can be read in it",
  check: ({ syntax }) => eachLine(syntax?.exportStars ?? [], "list the names"),
};

export const noAny: Rule = {
  name: "no-any",
  why: "`any` turns the compiler off for all that it touches",
  check: ({ syntax }) => eachLine(syntax?.anyTypes ?? [], "use `unknown` and narrow it"),
};

const DOOR = /^(packages|services)\/[^/]+\/src\/mod\.ts$|^cli\/src\/mod\.ts$/;

export const explicitDoors: Rule = {
  name: "explicit-doors",
  why: "mod.ts is the list of what a package promises, types apart",
  check: ({ path, syntax }) => {
    if (!DOOR.test(path)) return [];
    return (syntax?.statements ?? []).flatMap(({ line, kind }): Remark[] => {
      if (kind === "other") return [{ line, message: "only `export { … } from` belongs here" }];
      return kind === "reexport"
        ? []
        : [{ line, message: "put types into an `export type { … }` of their own" }];
    });
  },
};

export const functionLength: Rule = {
  name: "function-length",
  why: "a function is read in one look",
  check: ({ path, syntax }) => {
    const max = path.endsWith("_test.ts") ? TEST_FUNCTION_LINES_MAX : FUNCTION_LINES_MAX;
    return (syntax?.functions ?? [])
      .filter((one) => one.ownLines > max)
      .map(({ name, line, ownLines }) => ({
        line,
        message: `${name} has ${ownLines} lines of its own, more than ${max}`,
      }));
  },
};

const PROCESS_WIDE = new Set(["process.on", "process.once", "setInterval", "process.exit"]);
/** `daemon` owns them for services; scripts and cli are programs of their own; tests test. */
const MAY_TOUCH_PROCESS = /^(packages\/daemon|scripts|cli|tests)\/|_test\.ts$/;

export const processWide: Rule = {
  name: "process-wide",
  why: "process signals, exits and timers that repeat exist once, in packages/daemon",
  check: ({ path, syntax }) =>
    MAY_TOUCH_PROCESS.test(path)
      ? []
      : (syntax?.uses ?? [])
          .filter((use) => PROCESS_WIDE.has(use.name))
          .map(({ name, line }) => ({ line, message: `${name} is the kit's: use the daemon package` })),
};
