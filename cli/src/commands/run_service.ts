/** `kloros run-service NAME`: what `up` starts when it is a compiled program. Hidden: people call the links. */
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { Failure } from "../exit_codes.ts";
import { isServiceName, SERVICE_NAMES } from "../multicall/service_names.ts";

export function runServiceCommand(program: Command, _environment: Environment): void {
  program
    .command("run-service", { hidden: true })
    .description("Runs one service in the foreground; its own flags follow its name.")
    .argument("<name>", "name of the service")
    .argument("[flags...]", "flags of the service; --help lists them")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (name: string, flags: readonly string[]) => {
      if (!isServiceName(name)) {
        throw new Failure("usage", `there is no service "${name}"; there are ${SERVICE_NAMES.join(", ")}`);
      }
      const { runNamedService } = await import("../multicall/run_named_service.ts");
      await runNamedService(name, flags);
    });
}
