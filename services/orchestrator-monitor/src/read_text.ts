import { errorCode } from "@kloros/daemon";
import { readFile } from "node:fs/promises";

/** Undefined when the file does not exist. Throws when it is not UTF-8. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
