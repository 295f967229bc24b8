/** An installation whose files are dpkg's: dpkg knows their hashes, systemd what runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROGRAM } from "../release/release_store.ts";
import { Systemctl } from "../systemctl.ts";
import { dropInNotes } from "./drop_in_notes.ts";
import { PACKAGE_BASE } from "./package_owned.ts";
import { runTool } from "./run_tool.ts";
import { askManager, type VerifyReport } from "./verify_installation.ts";

/** Where `systemctl edit` puts what overrides a unit. */
const SETTINGS = "/etc/systemd/system";
const LIST = "/var/lib/dpkg/info/kloros.list";

/** Throws `Failure` when dpkg or systemd cannot be asked. */
export async function verifyPackage(
  env: Readonly<Record<string, string | undefined>>,
): Promise<VerifyReport> {
  const version = (await runTool(["dpkg-query", "--show", "--showformat=${Version}", "kloros"])).trim();
  const changed = (await runTool(["dpkg", "--verify", "kloros"])).split("\n").filter((line) => line !== "");
  const files = readFileSync(LIST, "utf8").trim().split("\n");
  const units = files.flatMap(
    (path) => /\/systemd\/system\/([^/]+\.(?:service|target))$/.exec(path)?.[1] ?? [],
  );
  const systemctl = new Systemctl({ mode: "system", env });
  const program = join(PACKAGE_BASE, "bin", PROGRAM);
  const asked =
    (await systemctl.missing()) === undefined
      ? await askManager(systemctl, units, { program, id: version })
      : { checks: [], notes: [] };
  // An operator's own settings differ, and are meant to.
  const broken = changed.filter((line) => !/ c \//.test(line)).map((line) => `dpkg says: ${line.trim()}`);
  const problems = [...broken, ...asked.checks.flatMap(({ problem }) => problem ?? [])];
  return {
    ok: problems.length === 0,
    release: version,
    checked: files.length + asked.checks.length,
    problems,
    mend: "`sudo apt install --reinstall kloros` writes its files anew",
    notes: [
      ...dropInNotes(
        units.map((name) => join(SETTINGS, name)),
        "/",
      ),
      ...asked.notes,
    ],
  };
}
