/** A disk that is really full: a small tmpfs (needs root). */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditNow } from "./audit/audit.ts";
import { WORKER, question, text } from "./fixtures.ts";
import { TestClient, runFor, testBroker } from "./testing.ts";

const canMount = process.getuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0;

test.skipIf(!canMount)(
  "on a full disk the reserve is given up: publishers wait, acknowledgements go on, nothing is lost (needs root for a small tmpfs)",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "kloros-full-"));
    const small = join(dir, "small");
    mkdirSync(small);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", small]).status !== 0) return;
    try {
      const path = join(small, "journal.db");
      const { broker, clock } = testBroker({ path, room: { reserveBytes: 524_288, freeBytesMin: 0 } });
      const reserve = join(small, "journal.reserve");
      expect(existsSync(reserve)).toBe(true);
      const router = new TestClient(broker, "intent-router");
      const worker = new TestClient(broker, WORKER.name);
      await worker.attach(WORKER);
      const padding = "x".repeat(60_000);
      let stored = 0;
      for (let status = "stored"; status === "stored";) {
        const facts = { question: `${stored}${padding}` };
        const [result] = await router.now(router.session.publish([text(question(stored, facts))]));
        status = result?.status ?? "";
        if (status === "stored") stored += 1;
        else expect(status).toBe("busy");
      }
      expect([stored > 5, broker.tight, existsSync(reserve)]).toEqual([true, true, false]);
      for (const d of worker.take(WORKER.name))
        expect(await worker.settle(d, { kind: "done", emits: [] })).toEqual({ status: "ok" });
      runFor(broker, clock, 2000);
      expect(auditNow(broker.db.handle)).toMatchObject({ ok: true, signals: stored });
      expect(broker.tight).toBe(true);
      spawnSync("mount", ["-o", "remount,size=16m", small]);
      writeFileSync(join(small, "other"), "");
      runFor(broker, clock, 2000);
      expect([broker.tight, existsSync(reserve)]).toEqual([false, true]);
      const [again] = await router.now(router.session.publish([text(question(1000))]));
      expect(again?.status).toBe("stored");
      broker.close();
    } finally {
      spawnSync("umount", ["-l", small]);
      rmSync(dir, { recursive: true, force: true });
    }
  },
);
