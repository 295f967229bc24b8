import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../exit_codes.ts";

/** Names of an owner and a group by number, from the machine's own lists. Throws `Failure` for one that has no name. */
export function accountNames(
  { uid, gid }: { readonly uid: number; readonly gid: number },
  root: string,
): { readonly user: string; readonly group: string } {
  return { user: nameIn(join(root, "/etc/passwd"), uid), group: nameIn(join(root, "/etc/group"), gid) };
}

function nameIn(file: string, id: number): string {
  const found = linesOf(file).find((fields) => fields[2] === String(id))?.[0];
  if (found !== undefined) return found;
  throw new Failure(
    "negative",
    `the home belongs to the id ${id}, which has no name in ${file}: services are started by name; give the home to a user (chown) first`,
  );
}

/** Undefined: there is no such user. */
export function idsOf(user: string, root = ""): { readonly uid: number; readonly gid: number } | undefined {
  const fields = linesOf(join(root, "/etc/passwd")).find(([name]) => name === user);
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

function linesOf(file: string): readonly (readonly string[])[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .map((line) => line.split(":"));
  } catch {
    return [];
  }
}
