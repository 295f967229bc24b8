/** The text of a file of rules, whatever stands at its path. */
import { readFileSync, statSync } from "node:fs";
import { errorCode } from "@kloros/daemon";
import { RULES_FILE_BYTES_MAX } from "./read_rules.ts";

/** Neither text nor error: there is no such file. */
interface RulesText {
  readonly text?: string;
  readonly error?: string;
}

export function readRulesText(path: string): RulesText {
  try {
    const found = statSync(path);
    // A pipe or a device would keep its reader for ever.
    if (!found.isFile()) return { error: `${path} cannot be read: it is no file` };
    if (found.size > RULES_FILE_BYTES_MAX) {
      return {
        error: `${path} has ${String(found.size)} bytes, more than ${String(RULES_FILE_BYTES_MAX)}; shorten it`,
      };
    }
    return { text: readFileSync(path, "utf8") };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return {};
    return { error: `${path} cannot be read: ${(error as Error).message}` };
  }
}
