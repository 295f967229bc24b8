/**
 * The service and its bus in a process of their own, over a journal on disk, so that it can be killed at any moment and
 * started again. Takes the service's flags; says each completion on a line.
 */
import { join } from "node:path";
import type { Envelope } from "@kloros/signal-schema";
import { resolveInstallation, runService } from "@kloros/daemon";
import { openTestBus } from "@kloros/daemon/testing";
import { service } from "../service.ts";
import { makeTrigger } from "./dream_bench.ts";

const argv = process.argv.slice(2);
const home = argv[argv.indexOf("--home") + 1] ?? "";
const { paths } = resolveInstallation({ home, env: {} });
const testBus = openTestBus({ path: join(paths.state, "test-journal.db") });
const publisher = testBus.connect("policy-engine");
const completed = await publisher.read({ signals: ["Q_DREAM_COMPLETE"] });
for (const { envelope } of completed.items) tell(envelope);
await publisher.tap({ signals: ["Q_DREAM_COMPLETE"] }, tell);
const triggers = await publisher.read({ signals: ["Q_DREAM_TRIGGER"] });
if (triggers.items.length === 0) await publisher.publish([makeTrigger({ promotion_ids: ["a@1"] })]);
await runService(service, { argv, env: process.env, connect: (_, name) => testBus.connect(name) });

function tell({ facts }: Envelope): void {
  process.stdout.write(`completion ${JSON.stringify(facts)}\n`);
}
