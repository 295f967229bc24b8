/**
 * How often systemd has started each service again by itself. It knows also of those that never come as far as the bus: a
 * wrong configuration, a program that is missing.
 */

/** Service → restarts since somebody last started it. Undefined: there is no systemd to ask, or it does not answer. */
export type UnitRestarts = () => Promise<ReadonlyMap<string, number> | undefined>;

const LIMIT_MS = 5000;
const UNIT = /^kloros-([a-z-]+)\.service$/;

export function askSystemd(env: Readonly<Record<string, string | undefined>>): UnitRestarts {
  // Set for every process of a unit, systemd.exec(5); the second only below a user's own manager.
  if ((env["INVOCATION_ID"] ?? "") === "") return async () => Promise.resolve(undefined);
  const manager = (env["MANAGERPID"] ?? "") === "" ? [] : ["--user"];
  const command = ["systemctl", ...manager, "show", "--property=Id,NRestarts", "kloros-*.service"];
  return async () => {
    const program = Bun.which("systemctl");
    if (program === null) return undefined;
    const child = Bun.spawn(command, {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
      timeout: LIMIT_MS,
      killSignal: "SIGKILL",
    });
    const text = await child.stdout.text();
    return (await child.exited) === 0 ? restartsOf(text) : undefined;
  };
}

/** Blocks of `Id=` and `NRestarts=`, in any order, with empty lines between them. */
export function restartsOf(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const block of text.split("\n\n")) {
    const service = UNIT.exec(/^Id=(.*)$/m.exec(block)?.[1] ?? "")?.[1];
    const count = /^NRestarts=(\d+)$/m.exec(block)?.[1];
    if (service !== undefined && count !== undefined) counts.set(service, Number(count));
  }
  return counts;
}
