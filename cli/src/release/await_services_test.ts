/** Against answers as systemd gives them; the real one is in tests/systemd. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Systemctl } from "../systemctl.ts";
import { awaitServices, settled } from "./await_services.ts";

let dir: string;
let now: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "await-services-"));
  now = 0;
});
afterEach(() => rmSync(dir, { recursive: true }));

interface Answer {
  readonly state: string;
  readonly pid?: number;
  readonly restarts?: number;
}

/** The n-th question gets the n-th answer, the last one from then on. */
function answering(...answers: readonly Answer[]): Systemctl {
  const texts = answers.map(
    ({ state, pid = 0, restarts = 0 }) =>
      `ActiveState=${state}\nMainPID=${pid}\nNRestarts=${restarts}\nNeedDaemonReload=no\n`,
  );
  texts.forEach((text, n) => writeFileSync(join(dir, String(n)), text));
  writeFileSync(join(dir, "count"), "0");
  const last = texts.length - 1;
  writeFileSync(
    join(dir, "systemctl"),
    `#!/bin/sh\nn=$(cat ${dir}/count)\n[ $n -ge ${last} ] || echo $((n + 1)) >${dir}/count\ncat ${dir}/$n\n`,
  );
  chmodSync(join(dir, "systemctl"), 0o755);
  return new Systemctl({ mode: "system", env: { PATH: `${dir}:/usr/bin:/bin` } });
}

const OPTIONS = {
  program: process.execPath,
  timeoutMs: 5000,
  pause: (ms: number) => {
    now += ms;
    return Promise.resolve();
  },
  monotonicMs: () => now,
};

/** This process runs the program that is waited for. */
const READY = { state: "active", pid: process.pid };

test("a service is waited for until it is ready and runs the program that it should", async () => {
  const one = answering({ state: "activating" }, { state: "active", pid: 1 }, READY);
  expect(await awaitServices(one, ["a.service"], OPTIONS)).toBeUndefined();
  expect(now).toBe(200);
});

test("one that does not get ready in time is named, and so is one that dies again and again", async () => {
  expect(await awaitServices(answering({ state: "activating" }), ["a.service"], OPTIONS)).toBe(
    "a.service did not get ready within 5 s",
  );
  const loop = [0, 1, 2].map((restarts) => ({ state: "activating", restarts }));
  expect(await awaitServices(answering(...loop), ["a.service"], OPTIONS)).toContain("dies again and again");
});

test("restarts of before do not count, and one alone is no verdict", async () => {
  const one = answering(
    { state: "activating", restarts: 7 },
    { state: "activating", restarts: 8 },
    { ...READY, restarts: 8 },
  );
  expect(await awaitServices(one, ["a.service"], OPTIONS)).toBeUndefined();
});

test("one that dies right after it was ready is not well", async () => {
  expect(await settled(answering(READY), ["a.service"], OPTIONS)).toBeUndefined();
  const died = answering(READY, { state: "activating" });
  expect(await settled(died, ["a.service"], OPTIONS)).toContain("died right after the start");
  expect(await settled(answering(), [], OPTIONS)).toBeUndefined();
});
