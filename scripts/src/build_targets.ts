import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseSource } from "./source_syntax.ts";

/** One executable. */
export interface BuildTarget {
  readonly name: string;
  /** Relative to the root. */
  readonly main: string;
  /** Relative to the output folder. */
  readonly outfile: string;
  /** Names under which the same file is called as well: links beside it. */
  readonly links: readonly string[];
}

/** The command, which every service is too when it is called by its name. */
export const MULTICALL = "kloros";

async function scan(root: string, pattern: string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of new Bun.Glob(pattern).scan({ cwd: root, onlyFiles: true })) {
    if (!path.includes("node_modules/")) found.push(path);
  }
  return found.toSorted();
}

/**
 * Each service and each package's `bin` as a program of its own, and the multi-call program with a link for each of
 * them. Processes of one file share its pages: three of them cost 11 MB each, three copies 30 MB each.
 */
export async function planTargets(root: string): Promise<BuildTarget[]> {
  const mains = await scan(root, "services/*/src/main.ts");
  const services = mains.map((main) => standalone(basename(dirname(dirname(main))), main));
  const alone = [...services, ...(await packagePrograms(root))];
  const [cli] = await scan(root, "cli/src/main.ts");
  if (cli === undefined) return alone;
  const links = alone.map(({ name }) => name);
  return [...alone, { name: MULTICALL, main: cli, outfile: `multicall/${MULTICALL}`, links }];
}

function standalone(name: string, main: string): BuildTarget {
  return { name, main, outfile: `bin/${name}`, links: [] };
}

/** What packages declare as programs (`bin`), as far as it is written already. */
async function packagePrograms(root: string): Promise<BuildTarget[]> {
  const found: BuildTarget[] = [];
  for (const path of await scan(root, "packages/*/package.json")) {
    const { bin = {} } = (await Bun.file(join(root, path)).json()) as { bin?: Record<string, string> };
    for (const [name, file] of Object.entries(bin)) {
      const main = join(dirname(path), file);
      if (existsSync(join(root, main))) found.push(standalone(name, main));
    }
  }
  return found;
}

export function selectTargets(targets: readonly BuildTarget[], only: readonly string[]): BuildTarget[] {
  for (const name of only) {
    if (targets.some((target) => target.name === name)) continue;
    throw new Error(
      `--only ${name}: there is no such program; there are ${targets.map((one) => one.name).join(", ")}`,
    );
  }
  return targets.filter((target) => only.length === 0 || only.includes(target.name));
}

/**
 * The files that a program starts as threads, `new URL("./read_worker.ts", import.meta.url)`: the bundler does
 * not follow those, so they are entry points.
 */
export async function findWorkers(root: string): Promise<string[]> {
  const workers = new Set<string>();
  for (const path of await scan(root, "{packages,services}/*/src/**/*.ts")) {
    if (/_test\.ts$|\/testing(_[a-z0-9_]+)?\.ts$|\/(testing|fixtures|generate)\//.test(path)) continue;
    const { imports } = parseSource(path, await Bun.file(join(root, path)).text());
    for (const { specifier } of imports.filter((one) => one.byUrl && /^\.\/\w+\.ts$/.test(one.specifier))) {
      workers.add(join(dirname(path), specifier));
    }
  }
  return [...workers].toSorted();
}
