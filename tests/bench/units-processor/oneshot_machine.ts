/**
 * A stand-in for the old orchestrator: a oneshot that a timer starts every 60 seconds, in Python, as that was. It looks through
 * the source tree, takes up all intents that wait, and does with each one the least that its work came to: parses the module's
 * files, appends a synced record, removes the intent.
 */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Sandbox } from "../../systemd/sandbox/sandbox.ts";

export const PYTHON = "/usr/bin/python3";
export const OLD_SOURCE = "/var/lib/old/src";
const HOME = "/var/lib/old";
const UNITS = "/etc/systemd/system";

const ONESHOT = `#!${PYTHON}
import ast, glob, json, os, time

def files_of(module):
    return [os.path.join(place, name) for place, _, names in os.walk(module) for name in names if name.endswith(".py")]

modules = {module: len(files_of(module)) for module in glob.glob("${OLD_SOURCE}/*")}
with open("${HOME}/investigations.jsonl", "a") as log:
    for path in sorted(glob.glob("${HOME}/intents/*.json")):
        with open(path) as file:
            data = json.load(file)["data"]
        module = data["evidence"][0][len("path:"):]
        found = {"classes": [], "functions": [], "imports": []}
        for name in files_of(module):
            with open(name) as file:
                nodes = list(ast.walk(ast.parse(file.read())))
            found["classes"] += [node.name for node in nodes if isinstance(node, ast.ClassDef)]
            found["functions"] += [node.name for node in nodes if isinstance(node, ast.FunctionDef)]
            found["imports"] += [one.name for node in nodes if isinstance(node, ast.Import) for one in node.names]
        record = {"timestamp": time.time(), "question_id": data["question_id"], "structure": found, "success": True}
        log.write(json.dumps(record) + "\\n")
        log.flush()
        os.fsync(log.fileno())
        os.remove(path)
`;

/** `directory` becomes its home, on a real disk, with the source tree that lies in `src` of it. The timer runs. */
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
