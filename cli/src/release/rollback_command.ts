/** `kloros release rollback`: to the release before. */
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import type { InstallPlace } from "../install/choose_place.ts";
import { performing, type Session } from "../session.ts";
import { addChangeOptions, type ChangeFlags } from "./change_options.ts";
import type { ReleaseStore } from "./release_store.ts";

const HELP = `
As an upgrade, the other way round. Where the journal changed its form since, it is taken back
to the one that the older release knows, with every signal that came meanwhile; where that
cannot be done without loss, nothing is changed and it says so. The release that is left is
kept: \`kloros upgrade <its id>\` goes there again. Interrupted, say it again: it finishes.

Examples:
  sudo kloros release rollback
  sudo kloros release rollback --to 0.1.0-4b612ad3 --yes
`;

interface RollbackFlags extends ChangeFlags {
  readonly to?: string;
}

export function rollbackCommand(release: Command, environment: Environment): void {
  const rollback = release
    .command("rollback")
    .description("Goes back to the release before.")
    .option("--to <id>", "another one that is here (kloros release list)")
    .addHelpText("after", HELP)
    .action(performing<RollbackFlags>(environment, rollback_));
  addChangeOptions(rollback);
}

async function rollback_(session: Session<RollbackFlags>): Promise<CliExit | undefined> {
  const { changingReleases } = await import("./order_change.ts");
  return changingReleases(session, "rollback", (place) => rollBack(session, place));
}

async function rollBack(session: Session<RollbackFlags>, place: InstallPlace): Promise<CliExit | undefined> {
  const [{ ReleaseStore: Store }, { currentRelease }, { planJournal }, { journalLine }, order, { agree }] =
    await Promise.all([
      import("./release_store.ts"),
      import("./upgrade_to.ts"),
      import("./journal_steps.ts"),
      import("./say_change.ts"),
      import("./order_change.ts"),
      import("../install/agree.ts"),
    ]);
  const { flags } = session;
  const store = new Store(place.base);
  const from = currentRelease(store);
  const to = target(store, flags.to);
  if (flags.json !== true) await session.print(`from ${from.id} back to ${to.id}`);
  await agree(session, `Go back to ${to.id}?`);
  const journal =
    place.root === ""
      ? await planJournal({ layout: place.layout, store, from, to })
      : ({ kind: "none" } as const);
  const line = journalLine(journal);
  if (line !== undefined && flags.json !== true) await session.print(line);
  const report = await order.orderChange(session, { place, store, from, to, journal }, { forward: false });
  // Said twice, it must not go forward again.
  if (report.undone === null) store.forgetPrevious();
  return order.tellChange(session, report);
}

function target(store: ReleaseStore, wanted: string | undefined) {
  const id = wanted ?? store.named("previous");
  const kept = store.list().map((one) => one.id);
  const release = id === undefined ? undefined : store.read(id);
  if (release !== undefined) return release;
  throw new Failure(
    "negative",
    id === undefined
      ? `there is no release before this one. Here are: ${kept.join(", ")}; --to goes to one of them`
      : `there is no release ${id} here; there are ${kept.join(", ")}`,
  );
}
