import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeIntentFile } from "./intent_file.ts";
import { questionAbout } from "./question.ts";

test("writeIntentFile() leaves one complete file in the observer's shape", () => {
  const home = mkdtempSync(join(tmpdir(), "intents-"));
  try {
    const question = questionAbout(
      { name: "audio", path: "/src/audio", hasInit: true, pyFiles: 2, hasReadme: false, changedMs: 0 },
      0,
    );
    const path = writeIntentFile(join(home, "intents"), question, 1_763_116_200_123.4);
    expect(path).toMatch(/\/1763116200123_discover\.module_[0-9a-f]{8}\.json$/);
    expect(readdirSync(join(home, "intents")).length).toBe(1);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
      type: "discover.module",
      id: "discover.module.audio",
      data: { question: question.facts.question, priority: "normal", evidence: question.facts.evidence },
      emitted_by: "curiosity-core",
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
