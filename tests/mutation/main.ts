/** ./scripts/mutate: see options.ts for what it takes. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CopiedTree } from "./copied_tree.ts";
import type { Fault } from "./fault.ts";
import { FAULTS } from "./faults.ts";
import { mutate } from "./mutate.ts";
import { type Options, parseOptions, USAGE, UsageError } from "./options.ts";
import { PAGE, sectionOf, withSection } from "./record.ts";

const ROOT = join(import.meta.dirname, "../..");

async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(
    argv,
    FAULTS.map(({ name }) => name),
  );
  const faults = FAULTS.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  if (options.help) console.log(USAGE);
  else if (options.list) for (const { name, breaks } of faults) console.log(`${name.padEnd(40)}${breaks}`);
  else return run(faults, options);
  return 0;
}

async function run(faults: readonly Fault[], { json, record }: Options): Promise<number> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      stop.abort(new Error(`ended by ${signal}`));
    });
  }
  const started = performance.now();
  const tree = new CopiedTree(ROOT);
  try {
    const results = await mutate(tree, faults, {
      say: (text) => {
        console.error(text);
      },
      stop: stop.signal,
    });
    if (json) console.log(JSON.stringify(results, null, 2));
    const of = (verdict: string): number => results.filter((one) => one.verdict === verdict).length;
    const seconds = Math.round((performance.now() - started) / 1000);
    if (record) {
      const path = join(ROOT, PAGE);
      const page = existsSync(path) ? readFileSync(path, "utf8") : "# Reliability\n";
      writeFileSync(path, withSection(page, sectionOf(faults, results, seconds)));
      Bun.spawnSync([process.execPath, "--bun", join(ROOT, "node_modules/.bin/oxfmt"), path]);
    }
    console.error(
      `${String(faults.length)} faults: ${String(of("caught"))} caught, ${String(of("survived"))} survived, ${String(of("unclear"))} unclear, in ${String(seconds)} s`,
    );
    if (of("survived") > 0) return 1;
    return of("unclear") > 0 ? 2 : 0;
  } finally {
    tree.remove();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  // A fault whose text is gone fails the check as a survivor does.
  process.exitCode = error instanceof UsageError ? 64 : 1;
}
