/** `kloros migrate`: from the old timer to this software, phase by phase, and back. */
import type { Command } from "commander";
import { addCommonOptions } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import type { ChangeFlags } from "../migrate/migrate_commands.ts";
import type { MigrateFlags } from "../migrate/open_migration.ts";
import { performing } from "../session.ts";

const HELP = `
Phases: 0 the bus; 1 the router watches beside the old side; 2 integrator and deployer follow;
3 the monitor; 4 the policy engine, and the old timer is off; 5 the old files go to a backup.
Each is watched for its window (24, 48, 24, 48 hours for 1 to 4) before the next may begin.
One side alone works at any moment: the old one is off and its last run has ended before ours
acts, and the reverse. How the old side is told: [migrate] in kloros.toml.

Examples:
  kloros migrate status
  kloros migrate next --dry-run
  kloros migrate next
  kloros migrate back
`;

const STATUS_HELP = `
Which phase, since when, what is left of its window, each criterion with its measured value,
and the very commands that \`next\` and \`back\` would run. Changes nothing.

Examples:
  kloros migrate status
  kloros migrate status --json | jq '.criteria[] | select(.met == false)'
`;

const NEXT_HELP = `
Goes one phase further when the window has passed and every criterion is met. A step that
fails is undone: things are as they were. Interrupted, even by a power cut: say it again and it
goes on, or \`back\`.

Examples:
  kloros migrate next --dry-run
  kloros migrate next
  kloros migrate next --now --reason "watched it all day, no intents came"
`;

const BACK_HELP = `
Undoes the last phase completely, at any time. Where work changes hands: ours stops taking up
intents, finishes what it took, stops, and only then the old side is switched on again.
With --now it does not wait for what it took: that stays in the journal, and goes on when
ours acts again.

Examples:
  kloros migrate back --dry-run
  kloros migrate back
  kloros migrate back --now --reason "an investigation hangs"
`;

export function migrateCommand(program: Command, environment: Environment): void {
  const migrate = program
    .command("migrate")
    .summary("from the old timer to this, phase by phase: status, next, back")
    .description("Moves an installation from the old timer to these services, phase by phase, and back.")
    .addHelpText("after", HELP);
  const status = migrate
    .command("status")
    .description("Says where the migration stands, and what next and back would do.")
    .addHelpText("after", STATUS_HELP)
    .action(
      performing<MigrateFlags>(environment, async (session) => {
        const { showMigration } = await import("../migrate/migrate_commands.ts");
        return showMigration(session);
      }),
    );
  const next = migrate
    .command("next")
    .description("Begins the next phase.")
    .option("--now", "although its window has not passed or a criterion is not met; needs --reason")
    .addHelpText("after", NEXT_HELP);
  const back = migrate
    .command("back")
    .description("Undoes the last phase.")
    .option("--now", "does not wait for work that was taken up; needs --reason")
    .addHelpText("after", BACK_HELP);
  for (const [command, direction] of [
    [next, "next"],
    [back, "back"],
  ] as const) {
    command
      .option("--reason <text>", "why; it stands in the history")
      .option("--dry-run", "show what would be done, and do nothing")
      .action(
        performing<ChangeFlags>(environment, async (session) => {
          const { changePhase } = await import("../migrate/migrate_commands.ts");
          return changePhase(session, direction);
        }),
      );
  }
  for (const command of [status, next, back])
    addCommonOptions(command.option("--user", "the services of this user, not those of the machine"));
}
