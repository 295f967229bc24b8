/** Programs of another make: Python's ZeroMQ on the live feed, Python's YAML 1.1 on the registry. */
import { afterEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { until } from "@kloros/bus-client/testing";
import { InvestigationComplete, ModuleIntegrated } from "@kloros/signal-schema";
import { checkFlow } from "../e2e/flow/check_flow.ts";
import { FLOW_CONFIG, FlowHarness } from "../e2e/flow/flow_harness.ts";
import { type Json, readLeftBehind } from "../e2e/flow/left_behind.ts";

/** Debian's own: the one that python3-zmq and python3-yaml are installed for. */
const PYTHON = "/usr/bin/python3";
const MODULES = 12;
const SUBSCRIBER_LIMIT_S = 120;

function whyNot(module: string): string | undefined {
  if (!existsSync(PYTHON)) return `there is no ${PYTHON}`;
  const can = Bun.spawnSync([PYTHON, "-c", `import ${module}`]).exitCode === 0;
  return can ? undefined : `${PYTHON} has no ${module}: apt-get install python3-${module}`;
}

const noZmq = whyNot("zmq");
const noYaml = whyNot("yaml");
for (const reason of [noZmq, noYaml]) if (reason !== undefined) console.warn(`skipped: ${reason}`);

let flow: FlowHarness | undefined;
let subscriber: Bun.Subprocess<"ignore", "pipe", "inherit"> | undefined;
afterEach(async () => {
  subscriber?.kill("SIGKILL");
  await subscriber?.exited;
  await flow?.remove();
  flow = undefined;
});

test.skipIf(noZmq !== undefined)(
  "a Python subscriber on the tcp live feed gets two frames of each signal that it named, and no other",
  async () => {
    const endpoint = `tcp://127.0.0.1:${String(freePort())}`;
    const config = FLOW_CONFIG.replace("liveEndpoints = []", `liveEndpoints = ["${endpoint}"]`);
    flow = new FlowHarness({ modules: MODULES, seed: 2, bare: false, config });
    flow.start(["chemical-bus"]);
    await flow.ready(["chemical-bus"]);
    subscriber = Bun.spawn(
      [
        PYTHON,
        join(import.meta.dir, "subscriber.py"),
        endpoint,
        ModuleIntegrated.name,
        String(MODULES),
        String(SUBSCRIBER_LIMIT_S),
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const output = readText(subscriber.stdout);
    await until("the subscriber", () => output.text.includes("subscribed"));
    // Connected and filtering: a PUB/SUB subscriber that comes late gets nothing of what came before.
    await Bun.sleep(500);
    flow.start();
    await flow.settle();
    await subscriber.exited;
    await output.ended;
    const messages = JSON.parse(output.text.split("\n")[1] ?? "[]") as string[][];
    expect(messages).toHaveLength(MODULES);
    const seen = messages.map(([name, body, ...more]) => {
      expect([name, more]).toEqual([ModuleIntegrated.name, []]);
      const envelope = JSON.parse(body ?? "") as { signal: string; source: string; facts: Json };
      expect(envelope).toMatchObject({ signal: ModuleIntegrated.name, source: "capability-integrator" });
      return String(envelope.facts["module_name"]);
    });
    expect(seen.toSorted()).toEqual([...flow.tree.expected].toSorted());
    await flow.stop();
    expect(checkFlow(readLeftBehind(flow.paths), flow)).toEqual([]);
  },
  240_000,
);

test.skipIf(noYaml !== undefined)(
  "Python's YAML 1.1 loads from the registry what was meant, beside what was there",
  async () => {
    flow = new FlowHarness({ modules: 8, seed: 2 });
    // Names that YAML 1.1 takes for something else when they are not quoted.
    for (const name of ["on", "yes", "null_", "y", "true_false", "_1"]) flow.tree.add(name);
    const before = loadRegistry(flow.paths.registry);
    flow.start();
    await flow.settle();
    await flow.stop();
    const left = readLeftBehind(flow.paths);
    const after = loadRegistry(flow.paths.registry);
    const recorded = left.integrations.lines.map((line) => [String(line["key"]), line["entry"]] as const);
    expect(recorded.map(([key]) => key).toSorted()).toEqual([...flow.tree.expected].toSorted());
    expect(after).toEqual({ ...before, ...Object.fromEntries(recorded) });
    const completions = left.signals.filter(({ signal }) => signal === InvestigationComplete.name);
    expect(completions.length).toBeGreaterThanOrEqual(recorded.length);
  },
  240_000,
);

function loadRegistry(path: string): Json {
  const { stdout, exitCode, stderr } = Bun.spawnSync([
    PYTHON,
    join(import.meta.dir, "load_registry.py"),
    path,
  ]);
  expect(exitCode, stderr.toString()).toBe(0);
  return JSON.parse(stdout.toString()) as Json;
}

/** Free a moment ago; the bus says so in its health when somebody else was quicker. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

function readText(stream: ReadableStream<Uint8Array>): { text: string; ended: Promise<void> } {
  const reading = { text: "", ended: Promise.resolve() };
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) reading.text += decoder.decode(chunk, { stream: true });
  };
  reading.ended = read();
  return reading;
}
