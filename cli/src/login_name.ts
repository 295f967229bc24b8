/** Who sits at the terminal, for records that say who did it. No proof of anything. */
import { readFileSync } from "node:fs";

const NAME_MAX = 64;

export function loginName(env: Readonly<Record<string, string | undefined>>): string {
  const named = [env["SUDO_USER"], env["USER"], env["LOGNAME"]].find((name) => (name ?? "") !== "");
  return (named ?? nameOfUser()).slice(0, NAME_MAX);
}

/** Bun's `userInfo` knows the environment only. A user of a container may have no entry anywhere. */
function nameOfUser(): string {
  const uid = String(process.getuid?.() ?? "unknown");
  return passwdLines().find(([, , id]) => id === uid)?.[0] ?? `uid ${uid}`;
}

function passwdLines(): readonly (readonly string[])[] {
  try {
    return readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":"));
  } catch {
    return [];
  }
}
