import { expect, test } from "bun:test";
import { fuzz, FUZZ_LIMIT_MS } from "@kloros/signal-schema/testing";
import { applyUpdate, type EvidenceEntry, type EvidenceFile, readEntry, recordOf } from "./evidence.ts";

const NEWS: EvidenceEntry = {
  discovered_at: "2025-11-08T17:35:14.700422",
  integrates_with: ["bus", "memory"],
  provides_capabilities: [],
  key_abstractions: [],
  purpose: null,
  last_updated: "2025-11-08T17:35:14.700422",
};
const SAMPLES = [
  JSON.stringify({
    audio: {
      ...NEWS,
      used_by: ["tts"],
      suppression: { suppressed: true, failure_count: 3, suppress_until: "2026" },
    },
    bus: { integrates_with: [], used_by: ["audio"] },
    memory: {},
  }),
];
const MODULES = ["audio", "__proto__", "constructor", "new"];

test(
  "whatever the evidence file holds, news of a module get into it and others keep what they say",
  async () => {
    await fuzz(
      { samples: SAMPLES, words: [...MODULES, "used_by", "suppression", "integrates_with"], inputs: 800 },
      (bytes) => {
        let text: string;
        try {
          text = JSON.stringify(recordOf(JSON.parse(Buffer.from(bytes).toString("utf8"))));
        } catch {
          return;
        }
        for (const module of MODULES) {
          // As the view does before it changes anything.
          const file = structuredClone(JSON.parse(text) as EvidenceFile);
          applyUpdate(file, { module, entry: NEWS });
          const after = JSON.parse(JSON.stringify(file)) as EvidenceFile;
          expect(Object.hasOwn(after, module)).toBe(true);
          expect(readEntry(Object.getOwnPropertyDescriptor(after, module)?.value)).toMatchObject({ ...NEWS });
          const before = JSON.parse(text) as EvidenceFile;
          for (const name of Object.keys(before)) expect(Object.hasOwn(after, name)).toBe(true);
        }
      },
    );
  },
  FUZZ_LIMIT_MS,
);
