/** Faults in how processes meet their surroundings: files that are taken away, too few descriptors, a stop, new settings, other releases. */
import type { Fault } from "../fault.ts";

const SERVER = "services/chemical-bus/src/server";
const DAEMON = "packages/daemon/src";
const INSTALL_TEST = ["cli/src/install/install_commands_test.ts"];

export const SURROUNDINGS_FAULTS: readonly Fault[] = [
  {
    name: "descriptors-used-up",
    file: `${SERVER}/socket_file.ts`,
    before: "    if (areScarce(now, this.#shut)) {\n",
    after: "    if (areScarce({ ...now, open: 0 }, this.#shut)) {\n",
    breaks: "new clients are kept out before file descriptors run out",
    tests: [`${SERVER}/socket_file_test.ts`],
  },
  {
    name: "shut-for-ever",
    file: `${SERVER}/socket_file.ts`,
    before: "    renameSync(aside, path);\n    return true;\n",
    after: "    return true;\n",
    breaks: "clients are let in again when there are file descriptors",
    tests: [`${SERVER}/socket_file_test.ts`],
  },
  {
    name: "deleted-socket-kept",
    file: `${SERVER}/socket_file.ts`,
    before: "    if (now === this.#identity) return undefined;\n",
    after: "    if (now === this.#identity || now === undefined) return undefined;\n",
    breaks: "a socket whose file was deleted is bound again",
    tests: [`${SERVER}/socket_file_test.ts`],
  },
  {
    name: "client-blamed",
    file: `${SERVER}/bus_server.ts`,
    before: "    if (session === undefined || error instanceof ProtocolError) {\n",
    after: "    if (session === undefined || error instanceof Error) {\n",
    breaks: "a client that could not be served is not blamed",
    tests: [`${SERVER}/bus_server_test.ts`],
  },
  {
    name: "short-session-a-success",
    file: "packages/bus-client/src/bus_connection.ts",
    before: "if (was && this.#now() - this.#welcomedAt >= timing.backoffMaxMs) this.#attempt = 0;",
    after: "if (was) this.#attempt = 0;",
    breaks: "a bus that ends each session as soon as it begins is asked ever less often",
    tests: ["packages/bus-client/src/bus_connection_test.ts"],
  },
  {
    name: "deleted-lock-kept",
    file: `${DAEMON}/run/keep_found.ts`,
    before: '...(lock.renew() ? ["instance lock"] : [])',
    after: '...(lock === undefined ? ["instance lock"] : [])',
    breaks: "an instance lock whose file was deleted still keeps a second instance out",
    tests: [`${DAEMON}/run/run_service_test.ts`],
  },
  {
    name: "deleted-health-kept",
    file: `${DAEMON}/run/keep_found.ts`,
    before: '...(health.renew() ? ["health socket"] : [])',
    after: '...(health === undefined ? ["health socket"] : [])',
    breaks: "a health socket that was deleted is made again",
    tests: [`${DAEMON}/run/run_service_test.ts`],
  },
  {
    name: "drain-without-bound",
    file: `${DAEMON}/running/drain.ts`,
    before: "  const cleaned = await within(inOrder(cleanups), CLEAN_UP_MS);\n",
    after: "  await inOrder(cleanups);\n  const cleaned = true;\n",
    breaks: "a stop takes bounded time, whatever the service's own clean-up does",
    tests: [`${DAEMON}/running/start_service_test.ts`],
  },
  {
    name: "reload-silent",
    file: `${DAEMON}/run/reload.ts`,
    before: "  if (waiting.length > 0) {\n",
    after: "  if (waiting.length < 0) {\n",
    breaks: "a reload names the settings that wait for a restart",
    tests: [`${DAEMON}/run/run_service_test.ts`],
  },
  {
    name: "shortage-blamed-on-module",
    file: "services/investigation-consumer/src/shortage.ts",
    before: '  if (error instanceof Error && "code" in error && SHORTAGES.has(error.code)) throw error;\n',
    after: "",
    breaks: "too few file descriptors are no finding about a module",
    tests: ["services/investigation-consumer/src/read_module_test.ts"],
  },
  {
    name: "evidence-written-while-kept-out",
    file: "services/semantic-dedup/src/service.ts",
    before: "    await context.consume(\n",
    after:
      '    context.every("evidence view, early", context.config.viewDelayMs, () => view().write());\n    await context.consume(\n',
    breaks: "a second instance that the bus keeps out writes nothing",
    tests: ["services/semantic-dedup/src/service_test.ts"],
  },
  {
    name: "upgrade-without-way-back",
    file: "cli/src/release/change_release.ts",
    before: '  if (forward && from.id !== to.id) change.store.switchTo("previous", from.id);\n',
    after: "",
    breaks: "after an upgrade a rollback goes to the release before",
    tests: INSTALL_TEST,
  },
  {
    name: "rollback-goes-forward",
    file: "cli/src/release/rollback_command.ts",
    before: "  if (report.undone === null) store.forgetPrevious();\n",
    after: '  if (report.undone === null) store.switchTo("previous", from.id);\n',
    breaks: "a rollback that is said twice does not go forward again",
    tests: INSTALL_TEST,
  },
];
