/** `kloros dlq purge`: old dead letters are forgotten, in steps, as the bus does it after 30 days. */
import { withBus } from "../bus_access.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import type { CommonFlags } from "../shared_options.ts";
import type { Session } from "../session.ts";
import { plural } from "../view/amounts.ts";

export interface PurgeFlags extends CommonFlags {
  readonly olderThan: number;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const STEP = 500;

export function purgeLetters(session: Session<PurgeFlags>): Promise<CliExit> {
  const { olderThan, dryRun, yes } = session.flags;
  const before = Math.max(0, Math.floor(session.environment.nowMs() - olderThan));
  return withBus(session, async (bus): Promise<CliExit> => {
    const found = await bus.admin("purgeDeadLetters", { before, dryRun: true });
    if (dryRun === true) {
      await tell(session, found, { before, dryRun: true });
      return "ok";
    }
    if (found.dropped > 0 && yes !== true)
      throw new Failure(
        "negative",
        `nobody dealt with ${plural(found.dropped, "dead letter")} of ${found.purged}: they would be dropped for good; say --yes if that is meant`,
      );
    const sum = { purged: 0, dropped: 0 };
    for (let step; step === undefined || step.purged === STEP;) {
      step = await bus.admin("purgeDeadLetters", { before, limit: STEP });
      sum.purged += step.purged;
      sum.dropped += step.dropped;
    }
    await tell(session, sum, { before, dryRun: false });
    return "ok";
  });
}

async function tell(
  session: Session,
  { purged, dropped }: { readonly purged: number; readonly dropped: number },
  { before, dryRun }: { readonly before: number; readonly dryRun: boolean },
): Promise<void> {
  if (session.json) {
    await session.printJson({ purged, dropped, before, dryRun });
    return;
  }
  const verb = dryRun ? "would be forgotten" : purged === 1 ? "was forgotten" : "were forgotten";
  await session.print(`${plural(purged, "dead letter")} ${verb}, ${dropped} of them not dealt with`);
}
