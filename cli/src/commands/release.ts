/** `kloros release`: the releases that lie beside each other, and the way back. */
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { describeCommand } from "../release/describe_command.ts";
import { listCommand } from "../release/list_command.ts";
import { rehearseCommand } from "../release/rehearse_command.ts";
import { rollbackCommand } from "../release/rollback_command.ts";

export function releaseCommand(program: Command, environment: Environment): void {
  const release = program
    .command("release")
    .summary("the releases on this machine: list, rollback")
    .description("The releases that are installed beside each other.")
    .addHelpText("after", "\nExamples:\n  kloros release list\n  sudo kloros release rollback\n");
  for (const make of [listCommand, rollbackCommand, describeCommand, rehearseCommand])
    make(release, environment);
}
