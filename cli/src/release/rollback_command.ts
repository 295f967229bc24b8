/** `kloros release rollback`: to the release before. */
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { timeSpan } from "../read_options.ts";
import { performing, type Session } from "../session.ts";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
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

interface RollbackFlags extends CommonFlags {
  readonly user?: boolean;
  readonly root?: string;
  readonly to?: string;
  readonly timeout: number;
  readonly yes?: boolean;
}

const TIMEOUT_MS = 120_000;

export function rollbackCommand(release: Command, environment: Environment): void {
  const rollback = release
    .command("rollback")
    .description("Goes back to the release before.")
    .option("--to <id>", "another one that is here (kloros release list)")
    .option("--user", "this user's installation")
    .option("--root <dir>", "the image that lies there")
    .option("--timeout <time>", "for all services to get ready", timeSpan, TIMEOUT_MS)
    .option("--yes", "do not ask")
    .addHelpText("after", HELP)
    .action(performing<RollbackFlags>(environment, rollback_));
  addCommonOptions(rollback);
}

async function rollback_(session: Session<RollbackFlags>): Promise<CliExit | undefined> {
  const { flags, environment } = session;
  const [
    { installedPlace },
    { ReleaseStore: Store },
    { currentRelease, tell },
    { planJournal },
    { journalLine },
  ] = await Promise.all([
    import("./installed_place.ts"),
    import("./release_store.ts"),
    import("./upgrade_to.ts"),
    import("./journal_steps.ts"),
    import("./say_change.ts"),
  ]);
  const place = installedPlace(session, "rollback");
  const store = new Store(place.base);
  const [{ lockInstallation }, { agree }, { managerOf }, { changeRelease }] = await Promise.all([
    import("../install/apply_install.ts"),
    import("../install/agree.ts"),
    import("../install/manager.ts"),
    import("./change_release.ts"),
  ]);
  const lock = lockInstallation(place.base, "kloros-rollback");
  try {
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
    const { systemctl } = await managerOf(place, environment.env);
    const report = await changeRelease(
      {
        place,
        store,
        systemctl,
        from,
        to,
        journal,
        timeoutMs: flags.timeout,
        say: (text) => void (flags.json === true ? session.say(text) : session.print(text)),
        pause: (ms) => Bun.sleep(ms),
        monotonicMs: () => performance.now(),
      },
      { forward: false },
    );
    // Said twice, it must not go forward again.
    if (report.undone === null) store.forgetPrevious();
    return await tell(session, report);
  } finally {
    lock.release();
  }
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
