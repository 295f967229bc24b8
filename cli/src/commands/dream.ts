/** `kloros dream …`: the D-REAM runner, for programs that find this one only. Hidden: people call the link `kloros-dream`. */
import type { Command } from "commander";

export function dreamCommand(program: Command): void {
  program
    .command("dream", { hidden: true })
    .description("Runs the D-REAM runner; what follows is its own.")
    .argument("[arguments...]", "arguments of kloros-dream; --help lists them")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (argv: readonly string[]) => {
      const { runDream } = await import("../multicall/run_dream.ts");
      await runDream(argv);
    });
}
