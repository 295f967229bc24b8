/** An engine on a journal file that deals with all that waits, and ends. For tests that kill it in between. */
import { prepareInstallation, resolveInstallation } from "@kloros/daemon";
import { openTestBus, startForTest, until } from "@kloros/daemon/testing";
import { service } from "../service.ts";

export async function runEngine(home: string, journal: string): Promise<void> {
  const { paths } = resolveInstallation({ home, env: {} });
  prepareInstallation(paths);
  const testBus = openTestBus({ path: journal });
  const engine = await startForTest(service, { testBus, testHome: { home, paths, remove: () => undefined } });
  const asking = testBus.connect("cli");
  await until("all to be dealt with", async () => {
    const consumers = await asking.admin("consumers", {});
    return consumers.every(({ open }) => open === 0);
  });
  await engine.stop();
  await testBus.close();
}
