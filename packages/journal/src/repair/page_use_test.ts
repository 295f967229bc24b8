/** A list of free pages that says what cannot be loses nothing. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WORKER, question, text } from "../fixtures.ts";
import { repairJournal } from "./repair.ts";
import { TestClient, testBroker } from "../testing.ts";

const PAGE = 4096;
/** Not the one that answers: a deadline that runs keeps its question. */
const READER = { ...WORKER, name: "policy-engine", stateKey: "" };
const SIGNALS = 200;
/** Settled and purged. */
const PURGED = 150;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-free-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** A journal of which retention has taken most away. */
async function build(): Promise<string> {
  const path = join(dir, "whole", "journal.db");
  mkdirSync(join(dir, "whole"));
  const { broker, clock } = testBroker({ path });
  const worker = new TestClient(broker, READER.name);
  const router = new TestClient(broker, "intent-router");
  await worker.attach(READER);
  for (let n = 0; n < SIGNALS; n++)
    await router.now(router.session.publish([text(question(n, { question: "x".repeat(1500) }))]));
  for (let n = 0; n < PURGED; n++) {
    const [delivery] = worker.take(READER.name, n + 1);
    if (delivery === undefined) throw new Error(`nothing to take at ${n}`);
    await worker.settle(delivery, { kind: "done", emits: [], state: `{"seen":${n}}` });
  }
  // One that waits: only then does the journal keep a clock.
  const [later] = worker.take(READER.name, PURGED + 1);
  if (later !== undefined) await worker.settle(later, { kind: "retry", error: "later", delayMs: 60_000 });
  clock.advance(1000);
  const limits = { ageMs: 0, bytesMax: 1e9, rememberMs: 1e9 };
  await worker.now(broker.admin("pruneJournal", { ...limits, after: 0 }));
  broker.close();
  return path;
}

test("a damaged list of free pages makes no page in use a free one, and brings nothing back that was purged", async () => {
  const path = await build();
  const bytes = readFileSync(path);
  const trunk = bytes.readUInt32BE(32);
  expect(bytes.readUInt32BE(36)).toBeGreaterThan(10);
  const trunkAt = (trunk - 1) * PAGE;
  const inHeader = [32, 33, 34, 35, 36, 39];
  const inTrunk = [0, 3, 4, 7, 8, 11, 15, 19, 23].map((at) => trunkAt + at);
  for (const at of [...inHeader, ...inTrunk]) {
    for (const bit of [0x01, 0x08]) {
      const place = join(dir, "flipped");
      cpSync(join(dir, "whole"), place, { recursive: true });
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ bit;
      writeFileSync(join(place, "journal.db"), flipped);
      const { signals, again, notes, audit } = repairJournal(join(place, "journal.db"), {
        nowMs: 1_763_856_100_000,
      });
      expect({ at, bit, signals, again, notes }).toEqual({ at, bit, signals: [], again: [], notes: [] });
      expect(audit).toMatchObject({ ok: true, signals: SIGNALS - PURGED });
      rmSync(place, { recursive: true });
    }
  }
}, 60_000);

test("a list of free pages that begins at a tree's inner page takes none of what that points to", async () => {
  const path = await build();
  const db = new Database(path, { readonly: true });
  const roots = db.query("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'").all() as {
    name: string;
    rootpage: number;
  }[];
  db.close();
  const bytes = readFileSync(path);
  const inner = roots.filter(({ rootpage }) => [2, 5].includes(bytes[(rootpage - 1) * PAGE] ?? 0));
  expect(inner.map(({ name }) => name)).toContain("signal");
  for (const { rootpage } of inner) {
    const place = join(dir, "flipped");
    cpSync(join(dir, "whole"), place, { recursive: true });
    const damaged = Buffer.from(bytes);
    damaged.writeUInt32BE(rootpage, 32);
    writeFileSync(join(place, "journal.db"), damaged);
    const report = repairJournal(join(place, "journal.db"), { nowMs: 1_763_856_100_000 });
    expect(report).toMatchObject({ signals: [], again: [], notes: [], audit: { ok: true } });
    expect(report.audit.signals).toBe(SIGNALS - PURGED);
    rmSync(place, { recursive: true });
  }
});
