/** What a question is about. Pure: facts in, target out. */
import type { CuriosityInvestigate, FactsOf } from "@kloros/signal-schema";

export type Question = FactsOf<typeof CuriosityInvestigate>;

export type Target =
  | {
      readonly kind: "module";
      readonly name: string;
      /** As given; may be relative to the source root. */
      readonly path: string;
    }
  /** No module is named: there is nothing to parse but what the question mentions. */
  | { readonly kind: "generic" };

const QUESTION_PREFIX = "discover.module.";
const CAPABILITY_PREFIX = "undiscovered.";
const PATH_PREFIX = "path:";

/** A dotted Python name: it may be turned into a path, so nothing else is accepted. */
const MODULE_NAME = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;

/** The path decides; a question about a module that gives none is looked for under the module's name. */
export function chooseTarget(question: Question): Target {
  const path = pathOf(question);
  const named = nameOf(question);
  if (path !== undefined) {
    const name = named ?? lastPart(path);
    return name === "" ? { kind: "generic" } : { kind: "module", name, path };
  }
  if (named === undefined || !MODULE_NAME.test(named)) return { kind: "generic" };
  return { kind: "module", name: named, path: named.replaceAll(".", "/") };
}

function pathOf(question: Question): string | undefined {
  const given = question.evidence
    .find((piece) => piece.startsWith(PATH_PREFIX))
    ?.slice(PATH_PREFIX.length)
    .trim();
  const path = given === undefined || given === "" ? question.module_path : given;
  return path === undefined || path === "" ? undefined : path;
}

function nameOf(question: Question): string | undefined {
  const candidates = [
    question.module_name,
    after(question.question_id, QUESTION_PREFIX),
    after(question.capability_key, CAPABILITY_PREFIX),
  ];
  return candidates.find((name) => name !== undefined && name !== "");
}

function after(text: string | undefined, prefix: string): string | undefined {
  return text?.startsWith(prefix) === true ? text.slice(prefix.length) : undefined;
}

function lastPart(path: string): string {
  return path.split("/").findLast((part) => part !== "") ?? "";
}

/** Words of a generic question that may name a module, longest first, each once. */
export function wordsOf(question: Question): string[] {
  const text = [
    question.question,
    question.hypothesis ?? "",
    question.capability_key ?? "",
    ...question.evidence,
  ];
  const words =
    text
      .join(" ")
      .slice(0, 20_000)
      .match(/[A-Za-z_]\w{2,}/g) ?? [];
  return [...new Set(words.map((word) => word.toLowerCase()))].toSorted((a, b) => b.length - a.length);
}
