/** For the tests of repairs: a small journal in a directory of its own, to be damaged. */
import { Database } from "bun:sqlite";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GrantedDelivery } from "../broker_types.ts";
import { WORKER, question, text } from "../fixtures.ts";
import { type RepairReport, repairJournal } from "./repair.ts";
import { TestClient, testBroker } from "../testing.ts";

export const NOW = { nowMs: 1_763_856_100_000 };
export const SPEC = { ...WORKER, stateKey: "" };

export class RepairHouse {
  readonly dir = mkdtempSync(join(tmpdir(), "kloros-repair-"));
  readonly path = join(this.dir, "journal.db");

  /** One is done, one dead, one has a plan, one waits in line. `open`: as of a bus that died, with all of it in the log. */
  async build(open = false): Promise<void> {
    const at = open ? join(this.dir, "alive") : this.dir;
    mkdirSync(at, { recursive: true });
    const { broker } = testBroker({ path: join(at, "journal.db") });
    const worker = new TestClient(broker, WORKER.name);
    const router = new TestClient(broker, "intent-router");
    await worker.attach(SPEC);
    for (let n = 0; n < 4; n++) await router.now(router.session.publish([text(question(n))]));
    const next = (): GrantedDelivery => {
      const [delivery] = worker.take(WORKER.name);
      if (delivery === undefined) throw new Error("nothing to take");
      return delivery;
    };
    await worker.settle(next(), { kind: "done", emits: [], state: '{"seen":1}' });
    await worker.settle(next(), { kind: "dead", reason: "terminal", error: "impossible" });
    const { seq, token } = next();
    await worker.now(worker.session.plan(WORKER.name, seq, token, '{"step":1}'));
    if (open)
      for (const end of ["db", "db-wal", "hwm"])
        cpSync(join(at, `journal.${end}`), join(this.dir, `journal.${end}`));
    broker.close();
  }

  change(sql: string): void {
    const db = new Database(this.path);
    db.run(sql);
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    db.close();
  }

  rows(sql: string): unknown[] {
    const db = new Database(this.path, { readonly: true });
    try {
      return db.query(sql).all();
    } finally {
      db.close();
    }
  }

  /** Where a table begins: its first page. */
  rootOf(table: string): number {
    const [row] = this.rows(`SELECT rootpage FROM sqlite_schema WHERE name = '${table}'`);
    return (row as { rootpage: number }).rootpage;
  }

  repair(): RepairReport {
    return repairJournal(this.path, NOW);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
