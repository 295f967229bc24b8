/**
 * A stand-in for the old orchestrator: a oneshot that a timer starts every 60 seconds, in Python, as that was. It takes up all
 * intents that wait, and for each one appends a synced record and removes the file: the least that its work came to.
 */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Sandbox } from "../../systemd/sandbox/sandbox.ts";

export const PYTHON = "/usr/bin/python3";
const HOME = "/var/lib/old";
const UNITS = "/etc/systemd/system";

const ONESHOT = `#!${PYTHON}
import glob, json, os, time

with open("${HOME}/investigations.jsonl", "a") as log:
    for path in sorted(glob.glob("${HOME}/intents/*.json")):
        with open(path) as file:
            data = json.load(file)["data"]
        record = {"timestamp": time.time(), "question_id": data["question_id"], "question": data["question"], "success": True}
        log.write(json.dumps(record) + "\\n")
        log.flush()
        os.fsync(log.fileno())
        os.remove(path)
`;

/** `directory` is its home, on a real disk. The timer begins with the machine. */
export async function bootOneshot(
  directory: string,
): Promise<{ readonly sandbox: Sandbox; readonly intents: string }> {
  const intents = join(directory, "intents");
  mkdirSync(intents);
  chmodSync(directory, 0o755);
  const sandbox = await Sandbox.boot({
    binds: [{ from: directory, to: HOME }],
    files: [
      { path: "/opt/old/oneshot", text: ONESHOT, mode: 0o755 },
      { path: `${UNITS}/old.service`, text: "[Service]\nType=oneshot\nExecStart=/opt/old/oneshot\n" },
      {
        path: `${UNITS}/old.timer`,
        text: "[Timer]\nOnActiveSec=1s\nOnUnitActiveSec=60s\nAccuracySec=100ms\n",
      },
    ],
  });
  await sandbox.systemctl("start", "old.timer");
  return { sandbox, intents };
}
