/** ./scripts/soak: see options.ts. Exit code 1: a bound was broken, or something was lost. */
import { parseOptions, USAGE } from "./options.ts";
import { runLoad } from "./run_load.ts";

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.kind === "help") console.log(USAGE);
  else {
    const { report, text, ok } = await runLoad(options);
    console.log(options.json ? JSON.stringify(report, null, 2) : text);
    process.exitCode = ok ? 0 : 1;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 64;
}
process.exit();
