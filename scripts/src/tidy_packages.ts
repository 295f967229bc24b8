import type { Remark, Rule } from "./tidy_rules.ts";

const PACKAGE = /^((packages|services)\/[^/]+|cli)\/package\.json$/;

export const packageReadme: Rule = {
  name: "package-readme",
  why: "a package says what it is, its door and its invariants",
  check: ({ path }, tree) =>
    PACKAGE.test(path) && !tree.has(path.replace("package.json", "README.md"))
      ? [{ line: 1, message: "has no README.md beside it" }]
      : [],
};

const DOORS = new Set([".", "./testing"]);

export const packageDoors: Rule = {
  name: "package-doors",
  why: "one door a package: mod.ts, and testing.ts for other packages' tests",
  check: ({ path, text }) => {
    if (!PACKAGE.test(path)) return [];
    const { exports } = JSON.parse(text) as { exports?: Record<string, string> };
    if (exports?.["."] !== "./src/mod.ts") return [{ line: 1, message: `exports "." is not "./src/mod.ts"` }];
    return Object.keys(exports)
      .filter((door) => !DOORS.has(door))
      .map((door): Remark => ({ line: 1, message: `exports a further door: ${door}` }));
  },
};
