/** The value of `--facts`: JSON, `@FILE`, or `-`. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf } from "@kloros/daemon";
import type { Environment } from "./environment.ts";
import { Failure } from "./exit_codes.ts";

const SHOWN_MAX = 60;

/** Fails with `usage` when it cannot be read or is no JSON object. */
export async function readFacts(
  given: string,
  environment: Pick<Environment, "cwd" | "readInput">,
): Promise<Record<string, unknown>> {
  const { text, from } = await readText(given, environment);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
    throw new Failure(
      "usage",
      `${from} is no JSON (${String(error)}): ${shown.trim() === "" ? "it is empty" : shown}`,
      {
        cause: error,
      },
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new Failure("usage", `${from} has to be a JSON object, e.g. {"scanner": "documentation"}`);
}

async function readText(
  given: string,
  { cwd, readInput }: Pick<Environment, "cwd" | "readInput">,
): Promise<{ readonly text: string; readonly from: string }> {
  if (given === "-") return { text: await readInput(), from: "stdin" };
  if (!given.startsWith("@")) return { text: given, from: "--facts" };
  const path = resolve(cwd, given.slice(1));
  try {
    return { text: await readFile(path, "utf8"), from: path };
  } catch (error) {
    throw new Failure("usage", `--facts ${given}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
