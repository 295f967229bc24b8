import { join } from "node:path";
import { Command } from "commander";
import { CYCLE_EXIT } from "../run/cycle_exit.ts";
import { isUsableWinner, readWinners } from "../winners/read_winner.ts";
import type { SubcommandOptions } from "./subcommand.ts";

export function showCommand({ surroundings, done }: SubcommandOptions): Command {
  return new Command("show")
    .description("the winners of an artifacts directory")
    .requiredOption("-a, --artifacts <dir>", "the directory")
    .action(async ({ artifacts }: { readonly artifacts: string }) => {
      const { stdout, stderr } = surroundings;
      const { winners, problems } = await readWinners(join(artifacts, "winners"));
      for (const problem of problems) stderr(`error: ${problem.message}\n`);
      if (winners.length === 0) stderr(`no winners in ${join(artifacts, "winners")}\n`);
      for (const winner of winners) {
        const note = isUsableWinner(winner) ? "" : " (nothing was measured: not usable)";
        const { experiment, hash, fitness, params } = winner;
        stdout(`${experiment} ${hash} fitness ${String(fitness)}${note} ${JSON.stringify(params)}\n`);
      }
      done(problems.length > 0 || winners.length === 0 ? CYCLE_EXIT.failed.code : CYCLE_EXIT.ok.code);
    });
}
