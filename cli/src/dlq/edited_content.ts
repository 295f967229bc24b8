/** Content that an operator gives in place of a rejected file's: `@FILE`, `-` for stdin, or the text itself. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Environment } from "../environment.ts";
import { Failure } from "../exit_codes.ts";

/** As the router takes it at most, bytes. */
const BYTES_MAX = 256 * 1024;

/** Fails with `usage` when it cannot be read, is too large or is no JSON: the router would only reject it again. */
export async function readEdited(
  given: string,
  { cwd, readInput }: Pick<Environment, "cwd" | "readInput">,
): Promise<Uint8Array> {
  const bytes = given.startsWith("@")
    ? await readFile(resolve(cwd, given.slice(1))).catch((error: unknown) => {
        throw new Failure("usage", `--content ${given}: ${String(error)}`, { cause: error });
      })
    : Buffer.from(given === "-" ? await readInput() : given);
  if (bytes.length > BYTES_MAX)
    throw new Failure("usage", `--content has ${bytes.length} bytes; an intent has at most ${BYTES_MAX}`);
  try {
    JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new Failure("usage", `--content is no JSON: ${String(error)}`, { cause: error });
  }
  return bytes;
}
