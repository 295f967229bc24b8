import { isBuiltin } from "node:module";
import { dirname, join } from "node:path/posix";
import { LAYERS, SERVICE_EXTRAS, SERVICE_LAYERS } from "./layers_map.ts";
import type { SourceImport } from "./source_syntax.ts";
import type { Finding, TreeFile } from "./tree_files.ts";

interface Workspace {
  /** `packages/zmq`, `cli`. */
  readonly folder: string;
  /** `zmq`: the folder's own name, and the package's behind `@kloros/`. */
  readonly name: string;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
  readonly doors: ReadonlySet<string>;
}

const SCOPE = "@kloros/";
const WORKSPACE = /^((?:packages|services)\/[^/]+|cli|tests|scripts)\//;
/** Tests, and what only tests import: they may use development dependencies and stand on any layer. */
const TEST_FILE = /_test\.ts$|\/testing(_[a-z0-9_]+)?\.ts$|\/testing\//;

/** Every import in the tree against the drawing, the declared dependencies and the doors. */
export function checkLayers(files: readonly TreeFile[]): Finding[] {
  const workspaces = readWorkspaces(files);
  return files.flatMap((file) => {
    const workspace = workspaces.get(WORKSPACE.exec(file.path)?.[1] ?? "");
    if (workspace === undefined || file.syntax === undefined) return [];
    return file.syntax.imports.flatMap((one): Finding[] => {
      const fault = faultOf(one, file.path, workspace, workspaces);
      return fault === undefined ? [] : [{ ...fault, path: file.path, line: one.line }];
    });
  });
}

interface Fault {
  readonly rule: string;
  readonly message: string;
}

function faultOf(
  one: SourceImport,
  path: string,
  from: Workspace,
  workspaces: ReadonlyMap<string, Workspace>,
): Fault | undefined {
  const { specifier } = one;
  if (specifier.startsWith("/") || specifier.startsWith("file:")) {
    return { rule: "absolute-import", message: `${specifier} exists on one machine only` };
  }
  // What crosses packages starts programs where they lie.
  if (one.byUrl && isTooling(from)) return undefined;
  if (specifier.startsWith(".")) return relativeFault(specifier, path, from);
  if (specifier === "bun" || specifier.startsWith("bun:") || isBuiltin(specifier)) return undefined;
  const name = packageName(specifier);
  return (
    undeclaredFault(one, name, path, from) ??
    (name.startsWith(SCOPE) ? siblingFault(one, name, path, from, workspaces) : undefined)
  );
}

function relativeFault(specifier: string, path: string, from: Workspace): Fault | undefined {
  const target = join(dirname(path), specifier);
  // The software's version stands in one place.
  if (target === "package.json") return undefined;
  if (target.startsWith(`${from.folder}/`)) {
    const intoModules = target.includes("/node_modules/");
    return intoModules
      ? { rule: "path-import", message: `${specifier}: import the package by its name` }
      : undefined;
  }
  return {
    rule: "path-import",
    message: `${specifier} leaves ${from.folder}: import the package by its name`,
  };
}

/** An undeclared package may resolve by accident (the root declares it) and be gone in another install. */
function undeclaredFault(one: SourceImport, name: string, path: string, from: Workspace): Fault | undefined {
  if (name === SCOPE + from.name) {
    return { rule: "own-door", message: `${one.specifier} is this package itself: use a relative path` };
  }
  if (from.dependencies.has(name)) return undefined;
  const forTests = TEST_FILE.test(path) || one.typeOnly || isTooling(from);
  if (forTests && from.devDependencies.has(name)) return undefined;
  const where = from.devDependencies.has(name) ? "only in devDependencies" : "not";
  return { rule: "undeclared", message: `${name} is ${where} declared in ${from.folder}/package.json` };
}

function siblingFault(
  one: SourceImport,
  name: string,
  path: string,
  from: Workspace,
  workspaces: ReadonlyMap<string, Workspace>,
): Fault | undefined {
  const { specifier } = one;
  const target = [...workspaces.values()].find((other) => SCOPE + other.name === name);
  if (target === undefined) return { rule: "unknown-package", message: `there is no ${name} in this house` };
  const door = `.${specifier.slice(name.length)}`;
  if (!target.doors.has(door)) {
    return {
      rule: "deep-import",
      message: `${specifier} goes past the doors of ${name}: ${[...target.doors].join(", ")}`,
    };
  }
  const inTest = TEST_FILE.test(path) || from.name === "tests";
  if (door === "./testing" && !inTest) {
    return { rule: "testing-import", message: `${specifier} is for tests` };
  }
  if (mayImport(from, target, { inTest, typeOnly: one.typeOnly })) return undefined;
  return {
    rule: "arrow",
    message: `${from.name} may not import ${target.name}: the drawing has no such arrow`,
  };
}

interface Circumstances {
  readonly inTest: boolean;
  readonly typeOnly: boolean;
}

function mayImport(from: Workspace, target: Workspace, { inTest, typeOnly }: Circumstances): boolean {
  if (from.name === "tests" || from.name === "scripts") return true;
  // Nothing stands on a service but the multi-call program, not even in a test.
  if (target.folder.startsWith("services/")) return from.name === "cli";
  if (from.name === "cli") return target.folder.startsWith("packages/");
  if (!target.folder.startsWith("packages/")) return false;
  if (inTest) return !standsOn(target.name, from.name);
  // A type may come from further up: it is part of what the package between promises, and gone at run time.
  return allowedOf(from).some((name) => name === target.name || (typeOnly && standsOn(name, target.name)));
}

function allowedOf(from: Workspace): readonly string[] {
  if (!from.folder.startsWith("services/")) return LAYERS[from.name] ?? [];
  return [...SERVICE_LAYERS, ...(SERVICE_EXTRAS[from.name] ?? [])];
}

/** Also a test must not turn an arrow round: the package could not be built or released without its user. */
function standsOn(upper: string, lower: string): boolean {
  return (LAYERS[upper] ?? []).some((name) => name === lower || standsOn(name, lower));
}

function isTooling(from: Workspace): boolean {
  return from.name === "tests" || from.name === "scripts";
}

function packageName(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}

function readWorkspaces(files: readonly TreeFile[]): Map<string, Workspace> {
  const found = new Map<string, Workspace>();
  for (const file of files) {
    const folder = WORKSPACE.exec(file.path)?.[1];
    if (folder !== undefined && file.path === `${folder}/package.json`)
      found.set(folder, readWorkspace(folder, file.text));
  }
  return found;
}

function readWorkspace(folder: string, text: string): Workspace {
  const manifest = JSON.parse(text) as Record<
    "dependencies" | "devDependencies" | "exports",
    Record<string, string> | undefined
  >;
  return {
    folder,
    name: folder.split("/").at(-1) ?? folder,
    dependencies: new Set(Object.keys(manifest.dependencies ?? {})),
    devDependencies: new Set(Object.keys(manifest.devDependencies ?? {})),
    doors: new Set(Object.keys(manifest.exports ?? {})),
  };
}
