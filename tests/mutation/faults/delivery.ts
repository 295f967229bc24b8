/** Faults in what the journal hands out: grants, deadlines, loops, dead letters. */
import type { Fault } from "../fault.ts";

const SRC = "packages/journal/src";
const BROKER_TEST = [`${SRC}/broker_test.ts`];
const DEADLINES_TEST = [`${SRC}/deadlines_test.ts`];
const LOOPS_TEST = [`${SRC}/loop_guard_test.ts`];
const LETTERS_TEST = [`${SRC}/dead_letter_changes_test.ts`];

export const DELIVERY_FAULTS: readonly Fault[] = [
  {
    name: "signal-granted-unchecked",
    file: `${SRC}/grants.ts`,
    before:
      '  if (signalSum(row.seq, row as Row & { id: string }) !== row.sum) return "checksum of the signal";\n',
    after: "",
    breaks: "a signal that changed on the disk reaches nobody",
    tests: [`${SRC}/grants_test.ts`],
  },
  {
    name: "delivery-granted-unchecked",
    file: `${SRC}/grants.ts`,
    before: '  if (row.intact !== 1) return "checksum of the delivery";\n',
    after: "",
    breaks: "a delivery that changed on the disk is set aside",
    tests: [`${SRC}/grants_test.ts`],
  },
  {
    name: "grant-twice",
    file: `${SRC}/grants.ts`,
    before: "  return rows.filter((row) => !consumer.leases.has(row.seq)).slice(0, limit);",
    after: "  return rows.slice(0, limit);",
    breaks: "a delivery has at most one lease",
    tests: [`${SRC}/grants_test.ts`],
  },
  {
    name: "grant-beyond-credit",
    file: `${SRC}/grants.ts`,
    before: "  consumer.granted[lane] += 1;\n",
    after: "",
    breaks: "nobody is given more than it asked for",
    tests: BROKER_TEST,
  },
  {
    name: "suspect-not-alone",
    file: `${SRC}/grants.ts`,
    before: "return context.client.leases > 0 ? [] : suspect(consumer, context);",
    after: "return suspect(consumer, context);",
    breaks: "what may have killed its client is redelivered alone",
    tests: [`${SRC}/grants_test.ts`],
  },
  {
    name: "deadline-fires-again",
    file: `${SRC}/timeouts.ts`,
    before: "  tx.db.prepare(FIRE).run(row.request_seq);\n",
    after: "",
    breaks: "a deadline fires once, and its state says so",
    tests: DEADLINES_TEST,
  },
  {
    name: "deadline-told-not-stored",
    file: `${SRC}/timeouts.ts`,
    before: "  const seq = tx.append(signal);\n  if (seq !== undefined) host.noteStored(tx, signal, seq);\n",
    after: "  host.announce(signal);\n",
    breaks: "whoever asked hears of the timeout, durably",
    tests: DEADLINES_TEST,
  },
  {
    name: "deadline-before-input",
    file: `${SRC}/broker.ts`,
    before: "if (drained && this.deadlines.isDue)",
    after: "if (this.deadlines.isDue)",
    breaks: "no deadline fires before the input is drained: its answer may be in there",
    tests: DEADLINES_TEST,
  },
  {
    name: "deadline-beside-its-answer",
    file: `${SRC}/broker.ts`,
    before: "this.#housekeeping(fire, { solo: true });",
    after: "this.#housekeeping(fire);",
    breaks: "an answer that waits to be stored goes before the timeout",
    tests: [...DEADLINES_TEST, `${SRC}/same_moment_test.ts`],
  },
  {
    name: "deadline-without-grace",
    file: `${SRC}/deadlines.ts`,
    before: "return this.#nextDue <= this.now && this.#host.now >= this.#quietUntil;",
    after: "return this.#nextDue <= this.now;",
    breaks: "after a restart clients have time to say again what was not heard",
    tests: DEADLINES_TEST,
  },
  {
    name: "late-not-marked",
    file: `${SRC}/grants.ts`,
    before: "late: answeredBy(row.name) !== undefined && context.db.prepare(IS_LATE).get(row.seq) !== null,",
    after: "late: false,",
    breaks: "an answer after its timeout is delivered as late",
    tests: DEADLINES_TEST,
  },
  {
    name: "answer-closes-nothing",
    file: `${SRC}/stored.ts`,
    before: "  host.deadlines.answer(tx, s, seq);\n",
    after: "",
    breaks: "an answered request does not time out",
    tests: DEADLINES_TEST,
  },
  {
    name: "loop-not-cut",
    file: `${SRC}/stored.ts`,
    before: "  if (loop !== undefined) cut(tx, host, s, { seq, loop });\n",
    after: "",
    breaks: "what goes round in circles reaches nobody",
    tests: LOOPS_TEST,
  },
  {
    name: "loop-cut-as-an-error",
    file: `${SRC}/stored.ts`,
    before: '  tx.afterCommit(() => host.count("cut"));\n',
    after: "  throw new Error(error);\n",
    breaks: "what is cut is stored, and its publish succeeds",
    tests: LOOPS_TEST,
  },
  {
    name: "loop-cut-without-letter",
    file: `${SRC}/stored.ts`,
    before: '      recordDeadLetter(tx, { consumer, seq, reason: "loop", error, attempts: 0 });\n',
    after: "",
    breaks: "what is cut is a dead letter that a person can retry",
    tests: LOOPS_TEST,
  },
  {
    name: "loops-forgotten",
    file: `${SRC}/loop_guard.ts`,
    before: "    tx.afterCommit(() => this.#keep(additions));\n",
    after: "",
    breaks: "the loop guard remembers what was committed",
    tests: LOOPS_TEST,
  },
  {
    name: "dead-letter-retried-twice",
    file: `${SRC}/dead_letter_changes.ts`,
    before:
      '  if (row.state !== "dead") return `dead letter ${n} ${DEALT_WITH[row.state]}`;\n  if (row.seq === 0)\n',
    after: "  if (row.seq === 0)\n",
    breaks: "a dead letter is retried once",
    tests: LETTERS_TEST,
  },
  {
    name: "dead-letter-not-taken-back",
    file: `${SRC}/dead_letter_changes.ts`,
    before: "  tx.reopened(consumer, DEAD, sum);\n  tx.deadlines.rearm",
    after: "  tx.deadlines.rearm",
    breaks: "a retried dead letter is open again in the books",
    tests: LETTERS_TEST,
  },
  {
    name: "edited-letter-for-everybody",
    file: `${SRC}/dead_letter_edit.ts`,
    before:
      "  tx.beforeCommit(() => dropForOthers(tx, { seq, name: edited.name, keeper: consumer.name }, host));\n",
    after: "",
    breaks: "an edited dead letter goes to its consumer alone",
    tests: LETTERS_TEST,
  },
];
