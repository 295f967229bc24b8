import type { Remark, Rule } from "./tidy_rules.ts";

const FILE_LINES_MAX = 400;
const MAIN_LINES_MAX = 30;

function linesMatching(text: string, pattern: RegExp, message: (match: string) => string): Remark[] {
  return text.split("\n").flatMap((line, index) => {
    const match = pattern.exec(line);
    return match === null ? [] : [{ line: index + 1, message: message(match[0]) }];
  });
}

function lineCount(text: string): number {
  return text.trimEnd().split("\n").length;
}

const CODE = /\.(ts|sh)$|^scripts\/[a-z]+$|^\.ci\/run$/;
const GENERATED = /(^|\/)generated\/|^docs\/reference\//;

export const fileLength: Rule = {
  name: "file-length",
  why: "a file is one idea",
  check: ({ path, text }) => {
    const lines = lineCount(text);
    if (!CODE.test(path) || GENERATED.test(path) || lines <= FILE_LINES_MAX) return [];
    return [{ line: FILE_LINES_MAX + 1, message: `${lines} lines, more than ${FILE_LINES_MAX}: split it` }];
  },
};

export const shortMains: Rule = {
  name: "short-mains",
  why: "main.ts runs the manifest; what decides something is elsewhere and tested",
  check: ({ path, text }) => {
    const lines = lineCount(text);
    if (!/^(services\/[^/]+|cli)\/src\/main\.ts$/.test(path) || lines <= MAIN_LINES_MAX) return [];
    return [{ line: MAIN_LINES_MAX + 1, message: `${lines} lines, more than ${MAIN_LINES_MAX}` }];
  },
};

export const noLooseEnds: Rule = {
  name: "no-loose-ends",
  why: "what is open is an issue, not a remark in the code",
  check: ({ text }) =>
    linesMatching(text, /\b(TODO|FIXME|XXX|HACK)\b/, (word) => `${word}: do it or file it`),
};

export const generatedHeaders: Rule = {
  name: "generated-headers",
  why: "who opens a generated file learns where to change it",
  check: ({ path, text }) =>
    GENERATED.test(path) && !/generated (by|from)/i.test(text.slice(0, 1000))
      ? [{ line: 1, message: "does not say by what it is generated, or from what" }]
      : [],
};

/** Places on one person's machine. An installation's own /home/kloros is part of the product. */
const MACHINE_PATH = /(?<![\w.~}*)>-])\/(work|root|Users)\/[\w.]|\/home\/(?!kloros\b)[a-z][\w-]*\//;
const REGISTRY_HOST = /\b(registry|artifactory|nexus|npm|pypi)\.[a-z0-9-]+\.[a-z]{2,}/i;

export const noMachinePaths: Rule = {
  name: "no-machine-paths",
  why: "the project runs wherever it is cloned, with whatever registry is configured there",
  check: ({ text }) => [
    ...linesMatching(text, MACHINE_PATH, (found) => `names a place on one machine: ${found}`),
    ...linesMatching(text, REGISTRY_HOST, (found) => `names a registry's host: ${found}`),
  ],
};
