import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processesOf } from "./house/processes.ts";
import { leftAfter, placeForEach, readLines, startUp, type UpRun } from "./up_process.ts";

const EXAMPLE = join(import.meta.dir, "../../cli/examples/example_registry.ts");
const SERVICES = readdirSync(join(import.meta.dir, "../../services"));
/** A service's look around after its start, and the state of the machine. */
const OF_EVERY_RUN = new Set(["Q_POLICY_DUE", "Q_HEALTH_ALERT"]);
const SLOW_MS = 240_000;

const place = placeForEach();

const once = ["--once", "--timeout", "120s"];
const integrated = (name: string) => (event: UpRun["events"][number]) =>
  event.signal?.signal === "Q_MODULE_INTEGRATED" && event.signal.facts["module_name"] === name;
const ready = (service: string) => (event: UpRun["events"][number]) =>
  event.service === service && event.kind === "ready";

function addModule(name: string): void {
  const staging = join(place.home, `${name}.staging`);
  mkdirSync(staging);
  writeFileSync(join(staging, "__init__.py"), `"""${name}: came later."""\n`);
  writeFileSync(join(staging, "work.py"), "def work() -> int:\n    return 1\n");
  renameSync(staging, join(place.home, "src", name));
}

test(
  "up --once finds, investigates and integrates the modules of the example, and a second run does nothing twice",
  async () => {
    const first = startUp(["--home", place.home, ...once]);
    expect(await first.exited, first.text()).toBe(0);
    expect(processesOf(place.path)).toEqual([]);

    const registry = join(place.home, "src/registry/capabilities.yaml");
    const example = (await import(EXAMPLE)) as { readonly EXAMPLE_REGISTRY: string };
    const text = readFileSync(registry, "utf8");
    expect(text.startsWith(example.EXAMPLE_REGISTRY)).toBe(true);
    for (const name of ["audio", "memory", "vision", "telemetry"]) expect(text).toContain(`\n${name}:\n`);
    expect(text).not.toContain("scratch");
    expect(text).not.toContain("notes");
    expect(existsSync(join(place.home, "src/telemetry/__init__.py"))).toBe(true);

    const records = readLines(join(place.home, "curiosity_investigations.jsonl"));
    const audio = records.find((record) => record["module_name"] === "audio");
    const structure = JSON.stringify(audio?.["structure"]);
    for (const part of ["Microphone", "Segmenter", "open_microphone", "Reads sound from a device"]) {
      expect(structure).toContain(part);
    }
    expect(first.events.find(({ event }) => event === "summary")?.integrated).toEqual([
      "audio",
      "memory",
      "telemetry",
      "vision",
    ]);

    const second = startUp(["--home", place.home, ...once]);
    expect(await second.exited, second.text()).toBe(0);
    const said = second.events.flatMap(({ signal }) => signal?.signal ?? []);
    expect(said.filter((name) => !OF_EVERY_RUN.has(name))).toEqual([]);
    expect(readFileSync(registry, "utf8")).toBe(text);
    expect(readLines(join(place.home, "curiosity_investigations.jsonl"))).toEqual([...records]);
  },
  SLOW_MS,
);

test(
  "lines without a terminal carry no colours, and show effects below their causes with latencies",
  async () => {
    const run = startUp(["--home", place.home, ...once], { json: false });
    expect(await run.exited, run.text()).toBe(0);
    expect(run.text()).not.toContain("\u001b");
    expect(run.text()).toMatch(/● Q_CURIOSITY_INVESTIGATE {2}audio: /);
    expect(run.text()).toMatch(/└▶ Q_INVESTIGATION_COMPLETE {2}audio: 3 files, .*\+\d/);
    expect(run.text()).toMatch(/ {2}└▶ Q_MODULE_INTEGRATED {2}audio .* in all/);
    expect(run.text()).toContain("nothing is left running");
  },
  SLOW_MS,
);

test(
  "a Ctrl-C ends it in order, with exit code 0 and nothing left running",
  async () => {
    const run = startUp(["--home", place.home]);
    await run.until("the last module", integrated("vision"));
    // With those of a D-REAM cycle, which may run just now.
    expect(processesOf(place.path).length).toBeGreaterThanOrEqual(1 + SERVICES.length);
    run.signal("SIGINT");
    expect(await run.exited, run.text()).toBe(0);
    expect(processesOf(place.path)).toEqual([]);
    expect(run.events.some(({ kind }) => kind === "killed" || kind === "died")).toBe(false);
  },
  SLOW_MS,
);

test(
  "a second Ctrl-C kills at once also what does not end",
  async () => {
    const run = startUp(["--home", place.home]);
    const { pid } = await run.until("the integrator", ready("capability-integrator"));
    // A stopped process cannot end in order.
    process.kill(pid ?? 0, "SIGSTOP");
    run.signal("SIGINT");
    await run.until("the stop", ({ text }) => text === "stopping the services");
    run.signal("SIGINT");
    expect(await run.exited).toBe(130);
    expect(await leftAfter(place.path, 20_000)).toEqual([]);
  },
  SLOW_MS,
);

for (const service of ["capability-integrator", "chemical-bus"]) {
  test(
    `${service} killed with kill -9 is started again, and the flow goes on`,
    async () => {
      const run = startUp(["--home", place.home]);
      const { pid } = await run.until(service, ready(service));
      await run.until("the first modules", integrated("vision"));
      process.kill(pid ?? 0, "SIGKILL");
      await run.until("the death", (event) => event.service === service && event.kind === "died");
      addModule("latecomer");
      await run.until("the module that came later", integrated("latecomer"));
      const again = (event: UpRun["events"][number]): boolean => ready(service)(event) && event.pid !== pid;
      await run.until(`${service} again`, again);
      run.signal("SIGTERM");
      expect(await run.exited, run.text()).toBe(0);
      expect(processesOf(place.path)).toEqual([]);
    },
    SLOW_MS,
  );
}

test(
  "up itself killed with kill -9 leaves nothing running, and the next one goes on",
  async () => {
    const run = startUp(["--home", place.home]);
    await run.until("the integrator", ready("capability-integrator"));
    run.signal("SIGKILL");
    await run.exited;
    expect(await leftAfter(place.path, 20_000)).toEqual([]);
    const next = startUp(["--home", place.home, ...once]);
    expect(await next.exited, next.text()).toBe(0);
    const modules = readLines(join(place.home, "integrated_capabilities.jsonl"));
    expect(modules.length).toBe(4);
  },
  SLOW_MS,
);

test(
  "a second up on the same home says who runs and how to look, and ends with 75",
  async () => {
    const run = startUp(["--home", place.home]);
    await run.until("the bus", ready("chemical-bus"));
    const second = startUp(["--home", place.home], { json: false });
    expect(await second.exited).toBe(75);
    expect(second.text()).toContain(`pid ${run.pid}`);
    expect(second.text()).toContain("tail --home");
    run.signal("SIGTERM");
    expect(await run.exited, run.text()).toBe(0);
  },
  SLOW_MS,
);

test(
  "a configuration that is wrong is shown and ends everything",
  async () => {
    const run = startUp(["--home", place.home], {
      env: { KLOROS_CURIOSITY_CORE_INTERVAL_MS: "soon" },
      json: false,
    });
    expect(await run.exited).toBe(1);
    expect(run.text()).toContain("KLOROS_CURIOSITY_CORE_INTERVAL_MS");
    expect(run.text()).toContain("curiosity-core cannot run");
    expect(processesOf(place.path)).toEqual([]);
  },
  SLOW_MS,
);

test(
  "dead letters make --once fail, and it says which",
  async () => {
    mkdirSync(place.home);
    const seeded = startUp(["--home", place.home, ...once]);
    expect(await seeded.exited, seeded.text()).toBe(0);
    writeFileSync(join(place.home, "intents", "broken.json"), "[1, 2]");
    const run = startUp(["--home", place.home, ...once], { json: false });
    expect(await run.exited, run.text()).toBe(1);
    expect(run.text()).toMatch(/1 dead letters?: .*broken\.json/);
  },
  SLOW_MS,
);

test(
  "a port of the live feed that is taken is told and stops no flow",
  async () => {
    const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    try {
      const env = { KLOROS_CHEMICAL_BUS_LIVE_ENDPOINTS: `tcp://127.0.0.1:${taken.port}` };
      const run = startUp(["--home", place.home, ...once], { env });
      expect(await run.exited, run.text()).toBe(0);
      expect(run.events.some(integrated("vision"))).toBe(true);
      expect(run.text()).toContain(`127.0.0.1:${taken.port}`);
    } finally {
      taken.stop(true);
    }
  },
  SLOW_MS,
);
