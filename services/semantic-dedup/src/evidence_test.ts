import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { applyUpdate, readEntry, type EvidenceEntry, type EvidenceFile } from "./evidence.ts";

const entry = (integrates: readonly string[], rest: Partial<EvidenceEntry> = {}): EvidenceEntry => ({
  discovered_at: "2026-01-01T00:00:00.000000",
  integrates_with: integrates,
  provides_capabilities: [],
  key_abstractions: [],
  purpose: null,
  last_updated: "2026-01-02T00:00:00.000000",
  ...rest,
});

describe("applyUpdate()", () => {
  test("writes an entry in the file's shape", () => {
    const file: EvidenceFile = {};
    applyUpdate(file, { module: "audio", entry: entry(["bus"]) });
    expect(file).toEqual({ audio: { ...entry(["bus"]), used_by: [] } });
  });

  test("keeps modules, keys and users that it does not know", () => {
    const file: EvidenceFile = {
      _meta: "v1",
      foreign: { anything: [1] },
      audio: { note: "by hand", used_by: ["console"], suppression: { extra: 1 } },
    };
    const suppression = {
      suppressed: false,
      reason: null,
      first_attempt: null,
      last_attempt: null,
      failure_count: 0,
      suppress_until: null,
      user_can_override: true,
    };
    applyUpdate(file, { module: "audio", entry: entry([], { suppression }) });
    expect(file).toMatchObject({
      _meta: "v1",
      foreign: { anything: [1] },
      audio: { note: "by hand", used_by: ["console"], suppression: { extra: 1, suppressed: false } },
    });
  });

  test("keeps used_by as the reverse of integrates_with, in whatever order modules come", () => {
    const file: EvidenceFile = {};
    applyUpdate(file, { module: "audio", entry: entry(["bus"]) });
    applyUpdate(file, { module: "bus", entry: entry([]) });
    applyUpdate(file, { module: "tts", entry: entry(["bus", "audio"]) });
    expect(file["bus"]).toMatchObject({ used_by: ["audio", "tts"] });
    expect(file["audio"]).toMatchObject({ used_by: ["tts"] });
    applyUpdate(file, { module: "tts", entry: entry(["audio"]) });
    expect(file["bus"]).toMatchObject({ used_by: ["audio"] });
  });

  test("does nothing more when it is applied again", () => {
    const name = fc.constantFrom("a", "b", "c", "constructor", "toString");
    const update = fc.record({ module: name, entry: fc.uniqueArray(name).map((names) => entry(names)) });
    fc.assert(
      fc.property(fc.array(update, { maxLength: 8 }), update, (before, again) => {
        const file: EvidenceFile = {};
        for (const each of before) applyUpdate(file, each);
        applyUpdate(file, again);
        const once = structuredClone(file);
        applyUpdate(file, again);
        expect(file).toEqual(once);
      }),
    );
  });
});

test("readEntry() makes sense of what others wrote", () => {
  expect(readEntry(null)).toBeNull();
  expect(readEntry([1])).toBeNull();
  expect(readEntry({})).toBeNull();
  expect(readEntry({ integrates_with: ["a", 1], purpose: 3, suppression: { failure_count: -1 } })).toEqual({
    discovered_at: "",
    integrates_with: ["a"],
    provides_capabilities: [],
    key_abstractions: [],
    purpose: null,
    last_updated: "",
    suppression: {
      suppressed: false,
      reason: null,
      first_attempt: null,
      last_attempt: null,
      failure_count: 0,
      suppress_until: null,
      user_can_override: true,
    },
  });
});
