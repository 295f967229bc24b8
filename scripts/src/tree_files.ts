import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSource } from "./source_syntax.ts";
import type { SourceSyntax } from "./source_syntax.ts";

/** A text file of the project, as the checks see it. Paths are relative to the root, with `/`. */
export interface TreeFile {
  readonly path: string;
  readonly text: string;
  /** TypeScript files only. */
  readonly syntax: SourceSyntax | undefined;
}

/** Something that breaks a rule of the house. */
export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export function treeFile(path: string, text: string): TreeFile {
  return { path, text, syntax: path.endsWith(".ts") ? parseSource(path, text) : undefined };
}

export function formatFinding(finding: Finding): string {
  return `${finding.path}:${finding.line}: ${finding.rule}: ${finding.message}`;
}

/** Every text file that git knows or would offer to add; what it ignores is nobody's business. */
export async function readTree(root: string): Promise<TreeFile[]> {
  const files: TreeFile[] = [];
  for (const path of await listFiles(root)) {
    const text = readText(join(root, path));
    if (text !== undefined) files.push(treeFile(path, text));
  }
  return files;
}

async function listFiles(root: string): Promise<string[]> {
  // A clone may belong to another user than the one who tests it; only names are read here.
  const command = ["git", "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"];
  const git = Bun.spawn(command, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const [out, error, code] = await Promise.all([git.stdout.text(), git.stderr.text(), git.exited]);
  if (code !== 0) throw new Error(`listing the project's files with git failed in ${root}: ${error.trim()}`);
  return out.split("\0").filter((path) => path !== "");
}

/** Undefined for what is not text, and for a file that is deleted but not yet committed as such. */
function readText(path: string): string | undefined {
  try {
    const bytes = readFileSync(path);
    return bytes.includes(0) ? undefined : bytes.toString("utf8");
  } catch {
    return undefined;
  }
}
