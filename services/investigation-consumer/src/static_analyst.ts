/** What can be said about a module from its source alone: names, docstrings, imports. Pure. */
import type { ModuleAnalysis, ModuleAnalyst, ModuleQuestion } from "./analyst.ts";
import type { InFile, ModuleFindings } from "./module_structure.ts";
import { firstParagraph } from "./python/docstring.ts";
import type { PythonClass, PythonFunction } from "./python/file_structure.ts";
import { isStandardLibrary } from "./python/standard_library.ts";

const CAPABILITIES_MAX = 100;
const ABSTRACTIONS_MAX = 30;
const INTERFACE_MAX = 300;
const PURPOSE_MAX = 1_000;

export const staticAnalyst: ModuleAnalyst = {
  method: "static_analysis",
  analyse: async (question) => analyseStatically(question),
};

export function analyseStatically({ moduleName, findings }: ModuleQuestion): ModuleAnalysis {
  return {
    purpose: findings.moduleDocstring === null ? null : purposeOf(findings.moduleDocstring),
    problem_solved: null,
    capabilities: capabilitiesOf(findings),
    key_abstractions: abstractionsOf(findings),
    integration_points: integrationPoints(moduleName, findings.structure.imports),
    callable_interface: callableInterface(findings),
    module_kind: kindOf(findings),
    confidence: findings.files.length > 0 ? 1 : 0,
    model_used: null,
    tokens_used: 0,
    prompt_tokens: 0,
  };
}

/** The first paragraph that is not a heading (a line of text over a line of `=`, `~` and the like). */
function purposeOf(docstring: string): string {
  const text = firstParagraph(docstring.replaceAll(HEADING, "")) || firstParagraph(docstring);
  return text.length <= PURPOSE_MAX ? text : `${text.slice(0, PURPOSE_MAX - 1).toWellFormed()}…`;
}

const HEADING = /^.*\n([=\-~^"'`#*+.:_])\1{2,}[ \t]*$\n*/gm;

const isPublic = ({ name }: { readonly name: string }): boolean => !name.startsWith("_");

/** What its public functions and classes say they do; the documented ones first. */
function capabilitiesOf({ structure }: ModuleFindings): string[] {
  const offered = [...structure.functions, ...structure.classes].filter(isPublic).filter(isNotTest);
  const documented = offered.filter(({ docstring }) => docstring !== null && docstring !== "");
  const silent = offered.filter(({ docstring }) => docstring === null || docstring === "");
  const texts = [
    ...documented.map(({ name, docstring }) => `${name}: ${docstring}`),
    ...silent.map(({ name }) => name),
  ];
  return [...new Set(texts)].slice(0, CAPABILITIES_MAX);
}

const isNotTest = ({ file }: InFile): boolean => !/(^|\/)(tests?\/|test_|conftest\.py)/.test(file);

/** Public classes, those with most methods first. */
function abstractionsOf({ structure }: ModuleFindings): string[] {
  const classes = structure.classes.filter(isPublic).filter(isNotTest);
  const names = classes.toSorted((a, b) => b.methods.length - a.methods.length).map(({ name }) => name);
  return [...new Set(names)].slice(0, ABSTRACTIONS_MAX);
}

/**
 * First parts of absolute imports that are neither Python's own nor the module itself. `src.audio.capture` counts as
 * `audio`: existing code imports through the source root's own name.
 */
export function integrationPoints(moduleName: string, imports: readonly string[]): string[] {
  const own = new Set(moduleName.split("."));
  const found = imports.flatMap((name) => {
    if (name.startsWith(".")) return [];
    const parts = name.split(".");
    const first = parts[0] === "src" && parts.length > 1 ? parts[1] : parts[0];
    return first === undefined || isStandardLibrary(first) || own.has(first) ? [] : [first];
  });
  return [...new Set(found)].toSorted();
}

/** `recorder.record(seconds: float) -> bytes`, `recorder.Recorder(device)`. */
function callableInterface({ structure }: ModuleFindings): string[] {
  const functions = structure.functions.filter(isPublic).filter(isNotTest).map(functionSignature);
  const classes = structure.classes.filter(isPublic).filter(isNotTest).map(classSignature);
  return [...functions, ...classes].slice(0, INTERFACE_MAX);
}

function functionSignature({ file, name, signature, async }: PythonFunction & InFile): string {
  return `${async ? "async " : ""}${inModule(file, name)}${signature}`;
}

function classSignature({ file, name, constructorArgs }: PythonClass & InFile): string {
  return `${inModule(file, name)}${constructorArgs ?? "()"}`;
}

function inModule(file: string, name: string): string {
  const path = file.replace(/\.py$/, "").replace(/(^|\/)__init__$/, "");
  return path === "" ? name : `${path.replaceAll("/", ".")}.${name}`;
}

function kindOf({ structure, entryPoints }: ModuleFindings): ModuleAnalysis["module_kind"] {
  if (entryPoints.length > 0) return "application";
  if (structure.classes.length > 0) return "library";
  if (structure.functions.length > 0) return "functions";
  return structure.total_lines > 0 ? "data" : "package";
}
