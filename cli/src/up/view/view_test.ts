import { describe, expect, test } from "bun:test";
import { createChild, createRoot, CuriosityInvestigate, ModuleIntegrated } from "@kloros/signal-schema";
import { View, type ViewMode } from "./view.ts";

const question = createRoot(
  CuriosityInvestigate,
  { question: "What is audio?", question_id: "discover.module.audio", priority: "normal", evidence: [] },
  { source: "curiosity-core", nowMs: 1_000_000 },
);
const integrated = createChild(
  question,
  ModuleIntegrated,
  {
    module_name: "audio",
    module_path: "audio",
    capability_key: "undiscovered.audio",
    integrated_at: "2026-11-23T04:00:00.000Z",
    investigation_timestamp: "2026-11-23T04:00:00.000000",
    init_created: true,
  },
  { source: "capability-integrator", consumer: "capability-integrator", nowMs: 1_000_250 },
);

function viewIn(
  mode: ViewMode,
  coloured = false,
  columns?: number,
): { readonly view: View; readonly said: string[] } {
  const said: string[] = [];
  const view = new View({
    mode,
    coloured,
    write: (text) => said.push(text),
    nowMs: () => 0,
    columns: columns === undefined ? undefined : () => columns,
  });
  return { view, said };
}

describe("View", () => {
  test("shows an effect below its cause with its latency", () => {
    const { view, said } = viewIn("lines");
    view.signal(question);
    view.signal(integrated);
    expect(said[0]).toContain("● Q_CURIOSITY_INVESTIGATE  discover.module.audio: “What is audio?” (normal)");
    expect(said[1]).toContain(
      "└▶ Q_MODULE_INTEGRATED  audio is in the registry, __init__.py created  +250 ms\n",
    );
  });

  test("lines of a terminal are cut to its width, what else is in them stays", () => {
    const { view, said } = viewIn("lines", false, 120);
    view.signal({ ...question, facts: { ...question.facts, question: "why ".repeat(100) } });
    const line = (said[0] ?? "").trimEnd();
    expect(line.length).toBeLessThanOrEqual(120);
    expect(line).toContain("Q_CURIOSITY_INVESTIGATE");
  });

  test("progress is one changing line that makes way for others and goes when the cycle ends", () => {
    const { view, said } = viewIn("lines", false, 120);
    const facts = { run_tag: "r", candidates: 3, elapsed_s: 1 };
    view.signal({ ...question, signal: "Q_DREAM_PROGRESS", facts });
    view.note("meanwhile");
    view.signal({ ...question, signal: "Q_DREAM_COMPLETE", facts: { success: true } });
    expect(said[0]).toStartWith("\r\u001b[2KD-REAM: ");
    expect(said[0]).toContain("candidates");
    expect(said[1]).toBe(`\r\u001b[2Kmeanwhile\n${(said[0] ?? "").slice(5)}`);
    expect(said[2]).toBe("\r\u001b[2K");
    expect(said[3]).toMatch(/^\S.*Q_DREAM_COMPLETE.*\n$/);
  });

  test("colours appear only when they are wanted", () => {
    for (const coloured of [false, true]) {
      const { view, said } = viewIn("lines", coloured);
      view.signal(question);
      view.record({ level: "error", service: "x", message: "bad", why: "worse" });
      expect(said.join("").includes("\u001b")).toBe(coloured);
    }
  });

  test("JSON lines carry all of it, one object a line, never coloured", () => {
    const { view, said } = viewIn("json", true);
    view.note("start", { version: "1" });
    view.signal(question);
    view.signal(integrated, true);
    view.service("x", { kind: "died", how: "signal SIGKILL", delayMs: 200 });
    const events = said.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ event }) => event)).toEqual(["note", "signal", "signal", "service"]);
    expect(events[2]).toMatchObject({ dry: true, depth: 1, since_cause_ms: 250, signal: integrated });
  });

  test("quiet shows only what goes wrong", () => {
    const { view, said } = viewIn("quiet");
    view.note("hello");
    view.signal(question);
    view.service("x", { kind: "ready", pid: 1, afterMs: 5 });
    expect(said).toEqual([]);
    view.service("x", { kind: "died", how: "signal SIGKILL", delayMs: 200 });
    view.record({ level: "warn", service: "x", message: "slow", why: undefined });
    view.problem("wrong");
    expect(said).toEqual([
      "x died (signal SIGKILL); it is started again in 200 ms\n",
      "x warn: slow\n",
      "wrong\n",
    ]);
  });

  test("a flood is summed up instead of shown", () => {
    const { view, said } = viewIn("lines");
    for (let n = 0; n < 1000; n++) view.signal(question);
    view.flush();
    expect(said.length).toBe(201);
    expect(said.at(-1)).toBe("… and faster than can be read: 800 Q_CURIOSITY_INVESTIGATE\n");
  });

  test("texts of logs and signals cannot steer a terminal", () => {
    const { view, said } = viewIn("lines");
    view.record({ level: "error", service: "x", message: "a\u001b[2Jb\nc", why: "\u0007" });
    view.signal({ ...question, facts: { ...question.facts, question: "\u001b]0;title\u0007" } });
    for (const steering of ["\u0007", "\u001b"]) expect(said.join("")).not.toContain(steering);
    expect(said.length).toBe(2);
  });
});
