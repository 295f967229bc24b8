/** Faults in the journal's writing: storing, leasing, settling, counting. */
import type { Fault } from "../fault.ts";

const SRC = "packages/journal/src";
const BROKER_TEST = [`${SRC}/broker_test.ts`];

export const JOURNAL_FAULTS: readonly Fault[] = [
  {
    name: "answer-before-commit",
    file: `${SRC}/broker.ts`,
    before: "for (const next of batch) next.apply(tx);",
    after: "for (const next of batch) (next.apply(tx), next.done());",
    breaks: "nothing is answered before its commit returned",
    tests: [`${SRC}/commit_mark_test.ts`],
  },
  {
    name: "memory-before-commit",
    file: `${SRC}/broker.ts`,
    before: `        this.#mark.note();
      });
    } catch (error) {
      this.#refuse(batch, error);
      return;
    }
    this.#nextSeq = tx.nextSeq;
    this.#mark.committed(this.lastSeq);
    tx.committed();
`,
    after: `        this.#mark.note();
        tx.committed();
      });
    } catch (error) {
      this.#refuse(batch, error);
      return;
    }
    this.#nextSeq = tx.nextSeq;
    this.#mark.committed(this.lastSeq);
`,
    breaks: "memory changes only after the commit",
    tests: [`${SRC}/commit_mark_test.ts`],
  },
  {
    name: "mark-before-commit",
    file: `${SRC}/broker.ts`,
    before: "        this.#mark.note();\n",
    after: "        this.#mark.note();\n        this.#mark.committed(tx.nextSeq - 1);\n",
    breaks: "the mark never claims more than the last returned commit",
    tests: [`${SRC}/commit_mark_test.ts`],
  },
  {
    name: "mark-not-written",
    file: `${SRC}/broker.ts`,
    before: "    this.#mark.committed(this.lastSeq);\n",
    after: "",
    breaks: "a journal that lost acknowledged transactions is recognised at the next start",
    tests: [`${SRC}/repair/damaged_bytes_test.ts`, `${SRC}/start/journal_file_test.ts`],
  },
  {
    name: "behind-mark-started",
    file: `${SRC}/start/start_check.ts`,
    before: "    refuseMissing(path, mark, markIn(db));\n",
    after: "",
    breaks: "a journal behind its mark is not started on",
    tests: [`${SRC}/repair/damaged_bytes_test.ts`, `${SRC}/start/journal_file_test.ts`],
  },
  {
    name: "id-check-skipped",
    file: `${SRC}/transaction.ts`,
    before:
      "INSERT INTO signal(seq, id, name, source, lane, at, trace, ckey, sum, body) VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO NOTHING",
    after:
      "INSERT OR REPLACE INTO signal(seq, id, name, source, lane, at, trace, ckey, sum, body) VALUES(?,?,?,?,?,?,?,?,?,?)",
    breaks: "an id is stored once",
    tests: BROKER_TEST,
  },
  {
    name: "remembered-id-stored-again",
    file: `${SRC}/transaction.ts`,
    before: "    if (this.memo.find(s.id) !== undefined) return undefined;\n",
    after: "",
    breaks: "an id is stored once, also after retention took its signal",
    tests: [`${SRC}/upkeep/upkeep_test.ts`],
  },
  {
    name: "settle-without-token",
    file: `${SRC}/transaction.ts`,
    before: "if (lease === undefined || (token !== undefined && lease.token !== token)) return undefined;",
    after: "if (lease === undefined) return undefined;",
    breaks: "only the current token settles",
    tests: [...BROKER_TEST, `${SRC}/same_moment_test.ts`],
  },
  {
    name: "lease-ends-twice",
    file: `${SRC}/transaction.ts`,
    before: "    this.#ended.add(lease);\n",
    after: "",
    breaks: "a lease ends once, also when two in one transaction end it",
    tests: [`${SRC}/same_moment_test.ts`],
  },
  {
    name: "plan-without-token",
    file: `${SRC}/session.ts`,
    before: "if (consumer === undefined || tx.leaseOf(consumer, seq)?.token !== token) return",
    after: "if (consumer === undefined) return",
    breaks: "whoever lost its lease is told so before it acts",
    tests: [`${SRC}/lease_test.ts`],
  },
  {
    name: "extend-without-token",
    file: `${SRC}/session.ts`,
    before: "if (lease === undefined || lease.token !== token) gone.push(seq);",
    after: "if (lease === undefined) gone.push(seq);",
    breaks: "a lease is kept alive only by its holder's token",
    tests: [`${SRC}/lease_test.ts`],
  },
  {
    name: "state-outside-transaction",
    file: `${SRC}/settle.ts`,
    before: `    tx.db
      .prepare(
        "INSERT INTO state(cid, key, value) VALUES(?,?,?) ON CONFLICT DO UPDATE SET value = excluded.value",
      )
      .run(consumer.cid, lease.stateKey, sealState(consumer.cid, lease.stateKey, outcome.state));`,
    after: `    const value = sealState(consumer.cid, lease.stateKey, outcome.state);
    tx.afterCommit(() =>
      tx.db
        .prepare("INSERT INTO state(cid, key, value) VALUES(?,?,?) ON CONFLICT DO UPDATE SET value = excluded.value")
        .run(consumer.cid, lease.stateKey, value),
    );`,
    breaks: "a consumer's new state commits with the acknowledgement, or not at all",
    tests: [`${SRC}/lease_test.ts`],
  },
  {
    name: "emits-dropped",
    file: `${SRC}/settle.ts`,
    before: "  for (const emit of outcome.emits) {",
    after: "  for (const emit of outcome.emits.slice(1)) {",
    breaks: "what a delivery emits commits with its acknowledgement",
    tests: BROKER_TEST,
  },
  {
    name: "retry-buried-at-once",
    file: `${SRC}/settle.ts`,
    before: "} else if (lease.attempt >= (consumer.spec.attemptsMax ?? DEFAULTS.attemptsMax)) {",
    after: "} else if (lease.attempt >= 1) {",
    breaks: "a failure is tried again, up to the consumer's attempts",
    tests: BROKER_TEST,
  },
  {
    name: "retry-never-due",
    file: `${SRC}/settle.ts`,
    before: "  tx.afterCommit(() => (consumer.nextDue = Math.min(consumer.nextDue, due)));\n",
    after: "",
    breaks: "what goes back is granted again when it is due",
    tests: BROKER_TEST,
  },
  {
    name: "retry-not-counted",
    file: `${SRC}/releases.ts`,
    before: "if (lease.attempt >= (consumer.spec.attemptsMax ?? DEFAULTS.attemptsMax)) {",
    after: "if (lease.attempt === -1) {",
    breaks: "work whose lease always expires ends as a dead letter",
    tests: [`${SRC}/lease_test.ts`],
  },
  {
    name: "strike-for-everybody",
    file: `${SRC}/releases.ts`,
    before: "const sole = taken.length === 1;",
    after: "const sole = taken.length > 0;",
    breaks: "only a sole suspect gets a strike",
    tests: BROKER_TEST,
  },
  {
    name: "answered-settlement-not-of-this-grant",
    file: `${SRC}/applied.ts`,
    before: "return row.state === DONE && row.attempt === parts.attempt - 1;",
    after: "return row.state === DONE;",
    breaks: "applied is said only of what this grant's own settlement left behind",
    tests: [`${SRC}/applied_test.ts`],
  },
  {
    name: "count-forgotten-at-append",
    file: `${SRC}/transaction.ts`,
    before: "      counts.matched += 1;\n",
    after: "",
    breaks: "matched = done + superseded + dead + dropped + damaged + open",
    tests: BROKER_TEST,
  },
  {
    name: "checksum-forgotten-at-settle",
    file: `${SRC}/transaction.ts`,
    before: "    counts.settledX ^= sum;\n    if (consumer.suspects > 0)",
    after: "    if (consumer.suspects > 0)",
    breaks: "the books add up by checksum too",
    tests: BROKER_TEST,
  },
  {
    name: "supersede-leased",
    file: `${SRC}/transaction.ts`,
    before: "        if (this.leaseOf(consumer, row.seq) !== undefined) continue;\n",
    after: "",
    breaks: "what is being worked on is not superseded",
    tests: BROKER_TEST,
  },
  {
    name: "supersede-begun-effect",
    file: `${SRC}/transaction.ts`,
    before: "AND d.plan IS NULL AND d.seq < (SELECT",
    after: "AND d.seq < (SELECT",
    breaks: "an effect that was begun is finished, not superseded",
    tests: [`${SRC}/lease_test.ts`],
  },
  {
    name: "retention-takes-dead-letters",
    file: `${SRC}/upkeep/retention.ts`,
    before: "l.state IN ('dead', 'reported')) ",
    after: "l.state IN ('reported')) ",
    breaks: "retention takes nothing that a dead letter needs",
    tests: [`${SRC}/upkeep/upkeep_test.ts`],
  },
  {
    name: "release-counted",
    file: `${SRC}/settle.ts`,
    before: "      attempt: lease.attempt - 1,\n",
    after: "      attempt: lease.attempt,\n",
    breaks: "an orderly release uses up no attempt",
    tests: [`${SRC}/lease_test.ts`],
  },
  {
    name: "counted-failure-adopted",
    file: `${SRC}/attach.ts`,
    before: "if (row === null || isCounted(row, held.token) ||",
    after: "if (row === null ||",
    breaks: "a failure that was committed is no lease any more",
    tests: [`${SRC}/applied_test.ts`, `${SRC}/broker_test.ts`],
  },
  {
    name: "neighbours-unanswered",
    file: `${SRC}/broker.ts`,
    before: "    if (others.length > 0) {\n",
    after: "    if (others.length > batch.length) {\n",
    breaks: "an operation that fails takes no neighbour with it",
    tests: [`${SRC}/bad_input_test.ts`, `${SRC}/commit_mark_test.ts`],
  },
  {
    name: "purged-id-forgotten",
    file: `${SRC}/upkeep/retention.ts`,
    before:
      "  for (const { seq, id } of gone) memo.remember({ seq, id, body: bodyOf(db, seq) }, at + limits.rememberMs);\n",
    after: "",
    breaks: "the id of what retention took is remembered",
    tests: [`${SRC}/upkeep/upkeep_test.ts`],
  },
  {
    name: "purged-not-tallied",
    file: `${SRC}/upkeep/retention.ts`,
    before: "    if (tally.matched > 0) addPurged(db, cid, tally);\n",
    after: "",
    breaks: "what retention took is in the books",
    tests: [`${SRC}/upkeep/upkeep_test.ts`],
  },
  {
    name: "prune-among-others",
    file: `${SRC}/admin.ts`,
    before: "        return { purged, next };\n      },\n      { solo: true },",
    after: "        return { purged, next };\n      },\n      {},",
    breaks: "a prune takes nothing that was stored, or settled, in the same moment",
    tests: [`${SRC}/upkeep/retention_test.ts`],
  },
  {
    name: "restore-without-log",
    file: `${SRC}/repair/backup.ts`,
    before: '    withReadOnly(backup, (db) => db.prepare("VACUUM INTO ?").run(fresh));\n',
    after: '    require("node:fs").copyFileSync(backup, fresh);\n',
    breaks: "what stands in the log of a kept journal is restored with it",
    tests: [`${SRC}/repair/backup_test.ts`],
  },
  {
    name: "timeout-of-damaged-request",
    file: `${SRC}/deadlines/timeouts.ts`,
    before: "signalSum(row.request_seq, row) === row.signal_sum",
    after: "signalSum(row.request_seq, row) !== Number.NaN",
    breaks: "a damaged request keeps no other from its timeout",
    tests: [`${SRC}/deadlines/damaged_request_test.ts`],
  },
];
