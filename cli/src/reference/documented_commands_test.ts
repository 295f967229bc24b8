/** What the documents tell people to type exists: each command, and each of its options. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { processEnvironment } from "../environment.ts";
import { buildProgram } from "../program.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const OPERATING = "docs/operating";
const PAGES = [
  "README.md",
  "docs/reference/lifecycle.md",
  ...readdirSync(join(ROOT, OPERATING)).map((name) => `${OPERATING}/${name}`),
];
const program = buildProgram(processEnvironment());

/** Lines of shell blocks and pieces of code in a line that call `kloros`, from there on. */
function calls(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block = ""]) => block.split("\n"));
  const inline = [...text.replace(/^```[^]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)].map(
    ([, code = ""]) => code,
  );
  return [...blocks, ...inline].flatMap((line) => {
    const found = /^(?:sudo (?:-u \w+ )?)?(?:[~.\w/]*\/)?kloros ([a-z].*)$/.exec(line);
    return found?.[1] === undefined ? [] : [found[1].replace(/ +#.*$|[;|&].*$/, "")];
  });
}

/** Why it cannot be typed. */
function flaw(call: string, known: Command = program): string | undefined {
  const [word = "", ...rest] = call.split(" ");
  const next = known.commands.find((one) => one.name() === word || one.aliases().includes(word));
  if (next !== undefined) return flaw(rest.join(" "), next);
  if (known.commands.length > 0 && /^[a-z]/.test(word))
    return `${known.name()} has no ${word.replace(/[^a-z-].*/, "")}`;
  const options = new Set(known.options.flatMap(({ long, short }) => [long ?? "", short ?? ""]));
  const unknown = call
    .replace(/"[^"]*"|'[^']*'/g, "")
    .split(" ")
    .find((part) => /^--?[a-z]/.test(part) && !options.has(part));
  return unknown === undefined ? undefined : `${known.name()} has no option ${unknown}`;
}

describe("what the documents tell to type", () => {
  test.each(PAGES)("in %s exists", (page) => {
    const found = calls(readFileSync(join(ROOT, page), "utf8"));
    expect(found.map((call) => [call, flaw(call)]).filter(([, why]) => why !== undefined)).toEqual([]);
  });

  test("is found, and what does not exist is told", () => {
    expect(calls("`sudo kloros status`\n```sh\n~/bin/kloros tail -n 2   # last\n```")).toEqual([
      "tail -n 2",
      "status",
    ]);
    expect(flaw("migrate sideways")).toBe("migrate has no sideways");
    expect(flaw('publish Q_X --facts "--no" --loud')).toBe("publish has no option --loud");
    expect(flaw('migrate next --now --reason "--x"')).toBeUndefined();
  });
});
