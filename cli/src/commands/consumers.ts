/** `kloros consumers`: who reads, how far they are, and forgetting one that will not come back. */
import type { Command } from "commander";
import type { ConsumerStatus } from "@kloros/journal";
import { withBus } from "../bus_access.ts";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { unknownName } from "../known_names.ts";
import { performing, type Session } from "../session.ts";
import { plural } from "../view/amounts.ts";
import { consumerTable } from "../view/consumer_table.ts";

const LIST_HELP = `
OPEN is what waits for the consumer or is in its hands; OLDEST is how long the oldest of it
has been waiting. A consumer without HOLDER is not running: what it asks for is kept for it.

Examples:
  kloros consumers list
  kloros consumers list --json
`;

const REMOVE_HELP = `
For a consumer that will never come back: its open deliveries and its dead letters are
dropped (and counted as that), and its state is forgotten. A service of that name that starts again begins anew.

Examples:
  kloros consumers remove old-service
  kloros consumers remove old-service --yes      though deliveries are open
  kloros consumers remove old-service --force    though a service still holds it
`;

interface RemoveFlags extends CommonFlags {
  readonly yes?: boolean;
  readonly force?: boolean;
}

export function consumersCommand(program: Command, environment: Environment): void {
  const consumers = program
    .command("consumers")
    .summary("durable consumers: list, remove")
    .description("Durable consumers: those that get each signal they ask for, also after they were away.")
    .addHelpText("after", "\nExamples:\n  kloros consumers list\n  kloros consumers remove old-service\n");
  const list = consumers
    .command("list")
    .description("Lists the consumers with their counts.")
    .addHelpText("after", LIST_HELP)
    .action(performing(environment, listConsumers));
  const remove = consumers
    .command("remove")
    .description("Removes a consumer for good.")
    .argument("<name>", "as `kloros consumers list` shows it")
    .option("-y, --yes", "drop what is open for it, and its dead letters")
    .option("--force", "also when a service holds it; that service loses it")
    .addHelpText("after", REMOVE_HELP)
    .action(performing<RemoveFlags>(environment, removeConsumer));
  for (const command of [list, remove]) addCommonOptions(command);
}

async function listConsumers(session: Session): Promise<undefined> {
  const consumers = await withBus(session, (bus) => bus.admin("consumers", {}));
  if (session.json) await session.printJson(consumers);
  else if (consumers.length === 0) session.say("no consumer has come yet");
  else await session.print(...consumerTable(consumers, session, { counts: true }));
  return undefined;
}

async function removeConsumer(
  session: Session<RemoveFlags>,
  [name = ""]: readonly string[],
): Promise<CliExit> {
  const { yes, force } = session.flags;
  const { dropped } = await withBus(session, async (bus) => {
    const all = await bus.admin("consumers", {});
    await checkRemoval(name, all, { yes: yes === true, force: force === true });
    return bus.admin("removeConsumer", { name, force: force === true });
  });
  if (session.json) await session.printJson({ name, removed: true, dropped });
  else await session.print(`${name} was removed, ${plural(dropped, "delivery", "deliveries")} dropped`);
  return "ok";
}

async function checkRemoval(
  name: string,
  all: readonly ConsumerStatus[],
  { yes, force }: { readonly yes: boolean; readonly force: boolean },
): Promise<void> {
  const consumer = all.find((one) => one.name === name);
  if (consumer === undefined) {
    throw new Failure(
      "negative",
      await unknownName(
        "consumer",
        name,
        all.map((one) => one.name),
      ),
    );
  }
  // One that is held the bus itself refuses, and names the holder.
  if (yes || (consumer.holderPid !== null && !force)) return;
  const open = plural(consumer.open, "open delivery", "open deliveries");
  const dead = plural(consumer.dead, "dead letter");
  const what = [...(consumer.open > 0 ? [open] : []), ...(consumer.dead > 0 ? [dead] : [])].join(" and ");
  if (what === "") return;
  throw new Failure("negative", `${what} of ${name} would be dropped; say --yes if that is meant`);
}
