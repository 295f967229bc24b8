import { beforeEach, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processesOf } from "./house/processes.ts";
import { fingerprint, placeForEach, startUp } from "./up_process.ts";

const SLOW_MS = 240_000;

const place = placeForEach();
let source: string;
beforeEach(() => {
  source = join(place.path, "code");
  makeTree(source);
});

const once = ["--once", "--timeout", "120s"];

/** One module, and what must not be copied. */
function makeTree(root: string): void {
  for (const directory of ["speech", ".git", "venv-like", "speech/__pycache__"]) {
    mkdirSync(join(root, directory), { recursive: true });
  }
  writeFileSync(join(root, "speech/__init__.py"), '"""Says things."""\n');
  writeFileSync(join(root, "speech/say.py"), "def say(text: str) -> None:\n    print(text)\n");
  writeFileSync(join(root, "speech/__pycache__/say.pyc"), "x");
  writeFileSync(join(root, ".git/HEAD"), "ref");
  writeFileSync(join(root, "venv-like/pyvenv.cfg"), "home = /usr/bin");
  symlinkSync("/etc", join(root, "linked"));
}

test(
  "a source tree is copied into the home, once, and stays as it was",
  async () => {
    const before = fingerprint(source);
    const run = startUp(["--home", place.home, "--source", source, ...once]);
    expect(await run.exited, run.text()).toBe(0);
    const copy = join(place.home, "src");
    expect(readFileSync(join(copy, "speech/say.py"), "utf8")).toContain("def say");
    expect(lstatSync(join(copy, "speech/say.py")).mtimeMs).toBeCloseTo(
      lstatSync(join(source, "speech/say.py")).mtimeMs,
      -1,
    );
    for (const left of [".git", "venv-like", "speech/__pycache__", "linked"]) {
      expect(existsSync(join(copy, left))).toBe(false);
    }
    expect(readFileSync(join(copy, "registry/capabilities.yaml"), "utf8")).toContain("speech:");
    expect(fingerprint(source)).toEqual(before);

    const again = startUp(["--home", place.home, "--source", source, ...once]);
    expect(await again.exited, again.text()).toBe(0);
    expect(again.text()).toContain("is not copied again");

    const silent = startUp(["--home", place.home, ...once]);
    expect(await silent.exited, silent.text()).toBe(0);
    expect(silent.text()).toContain(copy);
  },
  SLOW_MS,
);

test(
  "--in-place enters what is found into the tree itself",
  async () => {
    const run = startUp(["--home", place.home, "--source", source, "--in-place", ...once], { json: false });
    expect(await run.exited, run.text()).toBe(0);
    expect(readFileSync(join(source, "registry/capabilities.yaml"), "utf8")).toContain("speech:");
    expect(run.text()).toContain("in place: ");
    expect(existsSync(join(place.home, "src"))).toBe(false);
  },
  SLOW_MS,
);

test(
  "a home of somebody else's is only observed: what would be asked is shown, nothing in it changes",
  async () => {
    const foreign = join(place.path, "old/.kloros");
    mkdirSync(join(foreign, "intents"), { recursive: true });
    mkdirSync(join(foreign, "state"));
    writeFileSync(join(foreign, "curiosity_investigations.jsonl"), "");
    writeFileSync(join(foreign, "intents/a.json"), '{"type":"curiosity_investigate","question":"why?"}');
    const before = [...fingerprint(foreign), ...fingerprint(source)];
    const env = { KLOROS_STATE: join(place.path, "elsewhere") };
    const run = startUp(["--home", foreign, "--source", source, ...once], { env });
    expect(await run.exited, run.text()).toBe(0);
    expect([...fingerprint(foreign), ...fingerprint(source)]).toEqual(before);
    const asked = run.events
      .filter(({ dry }) => dry === true)
      .map(({ signal }) => signal?.facts["question_id"]);
    expect(asked).toContain("discover.module.speech");
    expect(run.text()).toContain("did not create");
    expect(processesOf(place.path)).toEqual([]);
  },
  SLOW_MS,
);

test(
  "--act works in such a home",
  async () => {
    const foreign = join(place.path, "old/.kloros");
    mkdirSync(join(foreign, "intents"), { recursive: true });
    const run = startUp(["--home", foreign, "--source", source, "--act", ...once]);
    expect(await run.exited, run.text()).toBe(0);
    expect(readFileSync(join(foreign, "src/registry/capabilities.yaml"), "utf8")).toContain("speech:");
    expect(existsSync(join(source, "registry"))).toBe(false);
  },
  SLOW_MS,
);

test("a source tree that is not there, and a home that holds another copy, are told with what to do", async () => {
  const missing = startUp(["--home", place.home, "--source", join(place.path, "nowhere")], { json: false });
  expect(await missing.exited).toBe(1);
  expect(missing.text()).toMatch(/no source tree at .*nowhere.*--source/);
  expect(existsSync(place.home)).toBe(false);

  mkdirSync(join(place.home, "src"), { recursive: true });
  mkdirSync(join(place.home, "state"));
  writeFileSync(join(place.home, "state/created_by.json"), "{}");
  const taken = startUp(["--home", place.home, "--source", source], { json: false });
  expect(await taken.exited).toBe(1);
  expect(taken.text()).toContain("--in-place");
});
