import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "@kloros/daemon";
import { EvidenceView } from "./evidence_view.ts";
import type { EvidenceEntry, EvidenceFile } from "./evidence.ts";
import { PendingUpdates } from "./pending_updates.ts";

let home: string;
let path: string;
let state: string;
let errors: string[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "kloros-evidence-"));
  path = join(home, "semantic_evidence.json");
  state = join(home, "state");
  errors = [];
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const entry = (purpose: string): EvidenceEntry => ({
  discovered_at: "2026-01-01T00:00:00.000000",
  integrates_with: [],
  provides_capabilities: [],
  key_abstractions: [],
  purpose,
  last_updated: "2026-01-02T00:00:00.000000",
});

function open(observing = false): EvidenceView {
  const silent = (): void => undefined;
  const log: Logger = {
    debug: silent,
    info: silent,
    warn: silent,
    error: (_, text) => void errors.push(text),
  };
  return new EvidenceView({
    path,
    pending: observing ? null : new PendingUpdates(state),
    log,
    wallMs: () => 1000,
  });
}

const onDisk = (): EvidenceFile => JSON.parse(readFileSync(path, "utf8")) as EvidenceFile;
const purposes = (): unknown[] => Object.values(onDisk()).map((each) => (each as EvidenceEntry).purpose);

describe("EvidenceView", () => {
  test("shows an update at once and writes many of them together", async () => {
    const view = open();
    for (let n = 0; n < 50; n += 1) view.add({ module: `m${n}`, entry: entry(`purpose ${n}`) });
    expect(view.entry("m7")).toMatchObject({ purpose: "purpose 7" });
    expect(view.modules()).toHaveLength(50);
    await view.write();
    expect(Object.keys(onDisk())).toHaveLength(50);
    expect(readdirSync(state)).toEqual([]);
  });

  test("keeps for the next write what comes in during one", async () => {
    const view = open();
    view.add({ module: "audio", entry: entry("first") });
    const writing = view.write();
    view.add({ module: "tts", entry: entry("meanwhile") });
    await writing;
    expect(purposes()).toEqual(["first"]);
    expect(open().entry("tts")).toMatchObject({ purpose: "meanwhile" });
    await view.write();
    expect(purposes()).toEqual(["first", "meanwhile"]);
  });

  test("writes what an earlier process had not written yet, half lines left out", async () => {
    const before = open();
    before.add({ module: "audio", entry: entry("old") });
    before.add({ module: "audio", entry: entry("new") });
    appendFileSync(join(state, "semantic-evidence.1.jsonl"), '{"module":"half","ent');
    const after = open();
    expect(after.entry("audio")).toMatchObject({ purpose: "new" });
    after.add({ module: "tts", entry: entry("later") });
    await after.write();
    expect(purposes()).toEqual(["new", "later"]);
    expect(readdirSync(state)).toEqual([]);
  });

  test("keeps what others wrote to the file in between", async () => {
    const view = open();
    view.add({ module: "audio", entry: entry("ours") });
    await view.write();
    writeFileSync(path, JSON.stringify({ ...onDisk(), other: { purpose: "theirs" } }));
    expect(view.entry("other")).toEqual({ purpose: "theirs" });
    view.add({ module: "audio", entry: entry("ours again") });
    await view.write();
    expect(purposes()).toEqual(["ours again", "theirs"]);
  });

  test.each(["{ not json", "[]", '"text"', `{"a":${"[".repeat(200)}${"]".repeat(200)}}`])(
    "keeps a damaged file aside and says so: %s",
    async (content) => {
      writeFileSync(path, content);
      const view = open();
      view.add({ module: "audio", entry: entry("new") });
      await view.write();
      expect(readFileSync(`${path}.damaged-1000`, "utf8")).toBe(content);
      expect(purposes()).toEqual(["new"]);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toContain("is damaged");
    },
  );

  test("goes on trying when the file cannot be written, and loses nothing", async () => {
    const view = open();
    mkdirSync(path);
    view.add({ module: "audio", entry: entry("new") });
    const failure = await view.write().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(view.problem()).toContain(`cannot write ${path}`);
    rmSync(path, { recursive: true });
    view.add({ module: "tts", entry: entry("more") });
    await view.write();
    expect(view.problem()).toBeUndefined();
    expect(purposes()).toEqual(["new", "more"]);
  });

  test("changes nothing in observe mode", async () => {
    writeFileSync(path, "damaged");
    const view = open(true);
    view.add({ module: "audio", entry: entry("new") });
    await view.close();
    expect(readFileSync(path, "utf8")).toBe("damaged");
    expect(readdirSync(home)).toEqual(["semantic_evidence.json"]);
  });
});
