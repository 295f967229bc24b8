#!/usr/bin/env bun
/** `kloros`; and, called by a link with a service's name, that service. */
import { calledService } from "./multicall/called_service.ts";

const service = calledService(process.argv0);
if (service === undefined) {
  const [{ processEnvironment }, { runCli }] = await Promise.all([
    import("./environment.ts"),
    import("./run_cli.ts"),
  ]);
  await runCli(processEnvironment(), process.argv.slice(2));
} else {
  const { runNamedService } = await import("./multicall/run_named_service.ts");
  await runNamedService(service, process.argv.slice(2));
}
