/** `./scripts/build`: every service as an executable of its own, the multi-call `kloros`, and a Debian package of it. */
import { statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildDeb, whyNoDeb } from "./deb/build_deb.ts";
import { buildProgram } from "./build_program.ts";
import { findWorkers, MULTICALL, planTargets, selectTargets } from "./build_targets.ts";

const USAGE = `Usage: ./scripts/build [--only NAME]... [--out DIR] [--list] [--deb]
  --only NAME  only this program: a service's name, or kloros
  --out DIR    where to put bin/ and multicall/ (default: dist)
  --deb        only kloros, and the Debian package of it (needs dpkg-deb; SOURCE_DATE_EPOCH as usual)
  --list       name the programs and stop`;

const ROOT = resolve(import.meta.dirname, "../..");

function parseInvocation(args: readonly string[]) {
  const options = {
    only: { type: "string", multiple: true, default: [] as string[] },
    out: { type: "string", default: join(ROOT, "dist") },
    list: { type: "boolean", default: false },
    deb: { type: "boolean", default: false },
    help: { type: "boolean", default: false, short: "h" },
  } as const;
  return parseArgs({ args: [...args], options, strict: true }).values;
}

function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  return controller.signal;
}

async function main(args: readonly string[]): Promise<void> {
  const invocation = parseInvocation(args);
  if (invocation.help) return console.log(USAGE);
  const only = invocation.deb ? [...invocation.only, MULTICALL] : invocation.only;
  const targets = selectTargets(await planTargets(ROOT), only);
  if (invocation.list) return console.log(targets.map((target) => target.name).join("\n"));
  if (targets.length === 0)
    throw new Error(`there is nothing to build: no services/*/src/main.ts in ${ROOT}`);
  const options = {
    root: ROOT,
    outDir: resolve(invocation.out),
    workers: await findWorkers(ROOT),
    signal: stopOnSignals(),
  };
  for (const [index, target] of targets.entries()) {
    const { path, bytes, elapsedMs } = await buildProgram(target, options);
    const progress = `[${index + 1}/${targets.length}]`;
    const size = `${(bytes / 1e6).toFixed(0)} MB`.padStart(7);
    const links = target.links.length === 0 ? "" : `, and ${target.links.length} links to it`;
    console.log(
      `${progress} ${size} ${(elapsedMs / 1000).toFixed(1).padStart(5)} s  ${relative(process.cwd(), path)}${links}`,
    );
  }
  if (invocation.deb) makePackage(options.outDir);
}

function makePackage(outDir: string): void {
  const why = whyNoDeb();
  if (why !== undefined) return console.log(`skipped: ${why}`);
  const program = join(outDir, "multicall", MULTICALL);
  const path = buildDeb({ root: ROOT, outDir, program, env: process.env });
  const size = `${(statSync(path).size / 1e6).toFixed(0)} MB`.padStart(7);
  console.log(`[deb] ${size}          ${relative(process.cwd(), path)}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`build: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
