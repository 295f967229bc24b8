import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PromotionWatch } from "./promotion_watch.ts";

test("PromotionWatch tells once of each promotion that ended since it began", () => {
  const directory = mkdtempSync(join(tmpdir(), "kloros-promotions-"));
  try {
    const put = (end: string, name: string): void => {
      mkdirSync(join(directory, end), { recursive: true });
      writeFileSync(join(directory, end, name), "{}");
    };
    const said: string[] = [];
    put("acknowledged", "before.json");
    const watch = new PromotionWatch(directory, (text) => said.push(text));
    watch.look();
    put("acknowledged", "good.json");
    put("parked", "bad.json");
    put("parked", "bad.why.json");
    watch.look();
    watch.look();
    expect(said).toEqual([
      "promotion good.json is acknowledged",
      "promotion bad.json is parked, cycle after cycle failed",
    ]);
    const missing = new PromotionWatch(join(directory, "nowhere"), (text) => said.push(text));
    missing.look();
    expect(said.length).toBe(2);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
