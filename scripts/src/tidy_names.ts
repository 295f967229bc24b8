import { basename, dirname } from "node:path";
import type { Rule } from "./tidy_rules.ts";

const SNAKE = /^[a-z0-9]+(_[a-z0-9]+)*$/;
const KEBAB = /^\.?[a-z0-9]+(-[a-z0-9]+)*$/;

export const fileNames: Rule = {
  name: "file-names",
  why: "a file is called snake_case, a folder kebab-case",
  check: (file) => {
    if (file.syntax === undefined) return [];
    const stem = basename(file.path).replace(/(\.d)?\.ts$/, "");
    const folder = dirname(file.path)
      .split("/")
      .find((part) => part !== "." && !KEBAB.test(part));
    return [
      ...(SNAKE.test(stem) ? [] : [{ line: 1, message: `"${stem}" is not snake_case` }]),
      ...(folder === undefined ? [] : [{ line: 1, message: `folder "${folder}" is not kebab-case` }]),
    ];
  },
};

const VAGUE = new Set(["utils", "util", "helpers", "helper", "common", "misc", "stuff"]);

export const vagueNames: Rule = {
  name: "vague-names",
  why: "a name says the idea",
  check: (file) => {
    const word = file.path.split(/[/_.-]/).find((part) => VAGUE.has(part.toLowerCase()));
    return word === undefined ? [] : [{ line: 1, message: `"${word}" names no idea: call it what it is` }];
  },
};

const VERSION_SUFFIX = /_(v\d+|old|new|fixed|copy|backup)(?=(_test)?\.ts$)/;

export const versionsBeside: Rule = {
  name: "versions-beside",
  why: "there is one version of a file; git keeps the others",
  check: (file, tree) => {
    const original = file.path.replace(VERSION_SUFFIX, "");
    if (original === file.path || !tree.has(original)) return [];
    return [{ line: 1, message: `stands beside ${original}: make it one file` }];
  },
};
