#!/usr/bin/env bun
/** `kloros`; and, called by a link with a service's name, that service; by `kloros-dream`, the D-REAM runner. */
import { calledAs, DREAM_RUNNER } from "./multicall/called_service.ts";

const called = calledAs(process.argv0);
const argv = process.argv.slice(2);
if (called === undefined) {
  const [{ processEnvironment }, { runCli }] = await Promise.all([
    import("./environment.ts"),
    import("./run_cli.ts"),
  ]);
  await runCli(processEnvironment(), argv);
} else if (called === DREAM_RUNNER) {
  const { runDream } = await import("./multicall/run_dream.ts");
  await runDream(argv);
} else {
  const { runNamedService } = await import("./multicall/run_named_service.ts");
  await runNamedService(called, argv);
}
