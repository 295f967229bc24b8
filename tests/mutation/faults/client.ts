/** Faults in the bus client and the daemon's ledger: what every service stands on. */
import type { Fault } from "../fault.ts";

const CLIENT = "packages/bus-client/src";
const LEDGER = "packages/daemon/src/ledger";
const CONSUMPTION_TEST = [`${CLIENT}/consumption_test.ts`, `${CLIENT}/local_link_test.ts`];
const PUBLISHER_TEST = [`${CLIENT}/publisher_test.ts`];
const LEDGER_TEST = [`${LEDGER}/append_once_test.ts`];

export const CLIENT_FAULTS: readonly Fault[] = [
  {
    name: "failure-acknowledged",
    file: `${CLIENT}/consumption.ts`,
    before: "      judged = outcomeOfError(error);\n",
    after: "      judged = outcomeOfResult(undefined);\n",
    breaks: "a handler that throws has not dealt with its delivery",
    tests: CONSUMPTION_TEST,
  },
  {
    name: "settled-after-loss",
    file: `${CLIENT}/consumption.ts`,
    before:
      '    this.#slots.done(work);\n    if (work.phase === "running") {\n      this.#settle(work, work.timedOutAt',
    after: "    this.#slots.done(work);\n    {\n      this.#settle(work, work.timedOutAt",
    breaks: "a delivery is not settled after its lease was lost",
    tests: CONSUMPTION_TEST,
  },
  {
    name: "slow-handler-succeeds",
    file: `${CLIENT}/consumption.ts`,
    before: "this.#settle(work, work.timedOutAt === undefined ? judged : this.#tooSlow(work));",
    after: "this.#settle(work, judged);",
    breaks: "a handler beyond its limit has failed, whatever it returns",
    tests: CONSUMPTION_TEST,
  },
  {
    name: "lease-not-extended",
    file: `${CLIENT}/lease_keeper.ts`,
    before: "    if (due.length > 0) this.#options.extend(due);\n",
    after: "",
    breaks: "a long handler keeps its lease",
    tests: CONSUMPTION_TEST,
  },
  {
    name: "busy-settlement-dropped",
    file: `${CLIENT}/settlement.ts`,
    before: '      if (result.status === "busy") busy.push(entry);\n',
    after: '      if (result.status === "busy") continue;\n',
    breaks: "an outcome that the journal was too busy for is said again",
    tests: CONSUMPTION_TEST,
  },
  {
    name: "lost-plan-goes-on",
    file: `${CLIENT}/plan.ts`,
    before: '    if (result.status === "ok") return;\n',
    after: '    if (result.status === "ok" || result.status === "gone") return;\n',
    breaks: "no effect begins before its plan is on disk",
    tests: CONSUMPTION_TEST,
  },
  {
    name: "busy-publish-dropped",
    file: `${CLIENT}/publisher.ts`,
    before: "      else if (this.#closed === undefined) this.#busy.push(item);\n",
    after: "      else if (this.#closed === undefined) this.#free(item);\n",
    breaks: "a signal that the bus was too busy for is sent again",
    tests: PUBLISHER_TEST,
  },
  {
    name: "busy-publish-overtaken",
    file: `${CLIENT}/publisher.ts`,
    before: "      this.#queue.unshift(...this.#busy.splice(0));\n",
    after: "      this.#queue.push(...this.#busy.splice(0));\n",
    breaks: "the order of the calls is the order on the wire",
    tests: PUBLISHER_TEST,
  },
  {
    name: "line-before-its-plan",
    file: `${LEDGER}/append_once.ts`,
    before: "  await options.savePlan(plan);\n",
    after: "",
    breaks: "a line is written only after its plan is on disk",
    tests: LEDGER_TEST,
  },
  {
    name: "line-appended-twice",
    file: `${LEDGER}/append_once.ts`,
    before: "      if (earlier !== null) {\n",
    after: "      if (earlier !== null && earlier.offset < 0) {\n",
    breaks: "a redelivery finds the line that is there",
    tests: LEDGER_TEST,
  },
  {
    name: "half-line-left",
    file: `${LEDGER}/append_once.ts`,
    before: "        removeOwnHalf(fd, file, earlier, line);\n      }\n",
    after: "      }\n",
    breaks: "half a line of ours does not stay",
    tests: LEDGER_TEST,
  },
  {
    name: "line-not-verified",
    file: `${LEDGER}/append_once.ts`,
    before: "    if (findLine(fd, plan) !== null) {\n      crashPoint",
    after: "    if (plan.length > 0) {\n      crashPoint",
    breaks: "a line that others glued theirs to is written again",
    tests: LEDGER_TEST,
  },
  {
    name: "plan-behind-a-cut-log",
    file: `${LEDGER}/append_once.ts`,
    before: "if (earlier?.sha256 === plan.sha256 && earlier.offset <= plan.offset) return earlier;",
    after: "if (earlier?.sha256 === plan.sha256) return earlier;",
    breaks: "a log that a loss of power cut gets its line once",
    tests: LEDGER_TEST,
  },
  {
    name: "line-behind-zeros",
    file: `${LEDGER}/append_once.ts`,
    before: "isPlanned(plan, found.bytes) && beginsLine(fd, found.start)) {",
    after: "isPlanned(plan, found.bytes)) {",
    breaks: "a line behind what a loss of power filled with zeros is written again",
    tests: LEDGER_TEST,
  },
  {
    name: "no-turns",
    file: `${LEDGER}/keyed_mutex.ts`,
    before: "const run = before.then(task);",
    after: "const run = task();",
    breaks: "tasks of one key take turns",
    tests: [LEDGER, "packages/daemon/src/files"],
  },
];
