/** Programs of a release run as whoever owns the journal: what root would leave there, the services could not open. */
import { Failure } from "../exit_codes.ts";
import type { InstallLayout } from "../units/layout.ts";

/** A journal of some gigabytes is copied and looked at within this. */
const WORK_MS_MAX = 30 * 60_000;

/** Runs `<program> <args> --json` for the installation, and returns what it said. Throws `Failure` with its complaint. */
export async function runAsService(
  program: string,
  args: readonly string[],
  layout: InstallLayout,
): Promise<unknown> {
  const command = [...asServices(layout), program, ...args, "--json"];
  const child = Bun.spawn(command, {
    cwd: "/",
    env: {
      PATH: "/usr/bin:/bin",
      KLOROS_HOME: layout.home,
      KLOROS_SOURCE: layout.source,
      KLOROS_STATE: layout.state,
      KLOROS_RUNTIME: layout.runtime,
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: WORK_MS_MAX,
    killSignal: "SIGKILL",
  });
  const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0)
    throw new Failure(
      "negative",
      `\`${[program, ...args].join(" ")}\` said no (${code}): ${error.trim().replace(/^kloros: /, "")}`,
    );
  return JSON.parse(out) as unknown;
}

/** Before a command: whom it runs as. */
export function asServices({ mode, user, group }: InstallLayout): readonly string[] {
  if (mode === "user" || user === undefined || process.getuid?.() !== 0) return [];
  return ["setpriv", `--reuid=${user}`, `--regid=${group ?? user}`, "--init-groups", "--"];
}
