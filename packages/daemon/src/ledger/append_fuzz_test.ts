import { afterAll, expect, test } from "bun:test";
import { fuzz, FUZZ_LIMIT_MS } from "@kloros/signal-schema/testing";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendOnce, findAppended } from "./append_once.ts";
import { type AppendPlan, planAppend, readAppendPlan } from "./append_plan.ts";

const directory = mkdtempSync(join(tmpdir(), "kloros-fuzz-"));
const file = join(directory, "curiosity_investigations.jsonl");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const LINE = JSON.stringify({
  timestamp: "2026-11-23T02:02:33.720716",
  module_name: "audio",
  text: "é😀 ".repeat(20),
});
const OTHER = JSON.stringify({
  timestamp: "2025-11-08T17:35:14.700422",
  module_name: "memory",
  evidence: ["a:b"],
});
const SAMPLES = [
  "",
  `${OTHER}\n`,
  `${OTHER}\n${OTHER}\n${LINE}\n`,
  `${OTHER}\n${LINE.slice(0, 60)}`,
  `${OTHER}\n${LINE.slice(0, 60)}${OTHER}\n`,
  `${OTHER}\n${LINE.slice(0, 60)}\n${OTHER}\n`,
];

const linesOf = (text: string): string[] => text.split("\n");
const whole = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const LINE_BYTES = Buffer.from(LINE).toString("latin1");

function isRecord(line: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(line, "latin1").toString("utf8"));
    return typeof value === "object" && value !== null && line.startsWith("{");
  } catch {
    return false;
  }
}

test(
  "whatever stands in a log, a line gets into it whole and once, and no record of others goes",
  async () => {
    await fuzz(
      { samples: SAMPLES, words: ["{", "}", "\n", LINE.slice(0, 40), OTHER], inputs: 300 },
      async (bytes) => {
        for (const earlier of [null, planAppend(file, LINE, 0), planAppend(file, LINE, bytes.length >> 1)]) {
          writeFileSync(file, bytes);
          let plan: AppendPlan | null = earlier;
          const savePlan = async (next: AppendPlan): Promise<void> => {
            plan = next;
          };
          await appendOnce(file, LINE, { plan: earlier, savePlan });
          const after = readFileSync(file);
          if (plan === null) throw new Error("no plan was stored");
          expect(await findAppended(plan)).toBe(LINE);
          const lines = linesOf(whole(after));
          for (const record of linesOf(whole(bytes)).filter(isRecord)) expect(lines).toContain(record);
          expect((await appendOnce(file, LINE, { plan, savePlan })).how).toBe("found");
          expect(readFileSync(file).equals(after)).toBe(true);
          if (earlier === null) expect(whole(after).endsWith(`${LINE_BYTES}\n`)).toBe(true);
        }
      },
    );
  },
  FUZZ_LIMIT_MS,
);

test(
  "any bytes as a stored plan are no plan, or one that looks its line up without harm",
  async () => {
    writeFileSync(file, `${OTHER}\n${LINE}\n`);
    const samples = [JSON.stringify(planAppend(file, LINE, 10)), JSON.stringify(planAppend(file, OTHER, 0))];
    await fuzz(
      { samples, words: ["offset", "length", "sha256", "head", "append"], inputs: 1000 },
      async (bytes) => {
        let value: unknown;
        try {
          value = JSON.parse(Buffer.from(bytes).toString("utf8"));
        } catch {
          return;
        }
        const plan = readAppendPlan(value);
        if (plan === null) return;
        const found = await findAppended({ ...plan, file });
        if (found !== null) expect([LINE, OTHER]).toContain(found);
      },
    );
  },
  FUZZ_LIMIT_MS,
);
