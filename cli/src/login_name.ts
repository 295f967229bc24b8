/** Who sits at the terminal, for records that say who did it. No proof of anything. */
import { userInfo } from "node:os";

const NAME_MAX = 64;

export function loginName(env: Readonly<Record<string, string | undefined>>): string {
  const named = [env["SUDO_USER"], env["USER"], env["LOGNAME"]].find((name) => (name ?? "") !== "");
  return (named ?? nameOfUser()).slice(0, NAME_MAX);
}

/** A user of a container may have no entry anywhere. */
function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
