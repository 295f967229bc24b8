/** `kloros dlq edit`: a dead letter is retried with other facts, from a file or from an editor. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bus } from "@kloros/bus-client";
import { withBus } from "../bus_access.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { oneDeadLetter } from "../history/dead_letters.ts";
import { readFacts } from "../read_facts.ts";
import type { CommonFlags } from "../shared_options.ts";
import type { Session } from "../session.ts";
import { letterNumber, noSuchLetter } from "./letter_text.ts";

export interface EditFlags extends CommonFlags {
  readonly facts?: string;
  readonly dryRun?: boolean;
}

type Facts = Readonly<Record<string, unknown>>;

export async function editLetter(
  session: Session<EditFlags>,
  [text = ""]: readonly string[],
): Promise<CliExit> {
  const n = letterNumber(text);
  const { facts: given, dryRun } = session.flags;
  return withBus(session, async (bus) => {
    const before = await factsOf(bus, n);
    const edit = given === undefined ? await editInEditor(session, before) : undefined;
    const facts = edit?.facts ?? (await readFacts(given ?? "", session.environment));
    if (edit !== undefined && Bun.deepEquals(facts, before)) {
      await edit.discard();
      throw new Failure("negative", `nothing was changed; kloros dlq retry ${n} gives it back as it is`);
    }
    const result = await bus.admin("editDeadLetter", { n, facts, dryRun: dryRun === true });
    const well = result.retried || (dryRun === true && result.id !== undefined);
    if (well) await edit?.discard();
    if (session.json) await session.printJson({ n, ...result });
    else if (well)
      await session.print(`${n}: ${result.text}${result.id === undefined ? "" : `, id ${result.id}`}`);
    else session.say(`${n}: ${result.text}`);
    if (!well && edit !== undefined)
      session.say(`your edit is kept: kloros dlq edit ${n} --facts @${edit.path}`);
    return well ? "ok" : "negative";
  });
}

async function factsOf(bus: Bus, n: number): Promise<Facts> {
  const letter = await oneDeadLetter(bus, n);
  if (letter === undefined) throw noSuchLetter(n);
  if (typeof letter.signal !== "string") return letter.signal.facts;
  if (letter.seq > 0) throw new Failure("negative", `the signal of dead letter ${n} cannot be read any more`);
  throw new Failure(
    "negative",
    `${n} never became a signal; give its file to the router again: kloros dlq resubmit ${n} --content @FILE`,
  );
}

interface Edit {
  readonly facts: Facts;
  readonly path: string;
  readonly discard: () => Promise<void>;
}

async function editInEditor(session: Session, before: Facts): Promise<Edit> {
  const { env } = session.environment;
  const editor = env["VISUAL"] ?? env["EDITOR"] ?? "";
  if (editor === "")
    throw new Failure(
      "usage",
      "give the facts with --facts (JSON, @FILE, or -), or name an editor in EDITOR",
    );
  const directory = await mkdtemp(join(tmpdir(), "kloros-edit-"));
  const path = join(directory, "facts.json");
  const discard = (): Promise<void> => rm(directory, { recursive: true, force: true });
  await writeFile(path, `${JSON.stringify(before, null, 2)}\n`, { mode: 0o600 });
  // A shell, because an editor is a command line by custom: "code --wait".
  const child = Bun.spawn(["/bin/sh", "-c", `${editor} "$1"`, "sh", path], {
    env: { ...env },
    stdio: ["inherit", "inherit", "inherit"],
  });
  if ((await child.exited) !== 0) {
    await discard();
    throw new Failure("negative", `the editor (${editor}) ended with ${child.exitCode}; nothing was changed`);
  }
  return { facts: parsed(await readFile(path, "utf8"), path), path, discard };
}

function parsed(text: string, path: string): Facts {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Facts;
  } catch (error) {
    throw new Failure("usage", `what you wrote is no JSON (${String(error)}); it is kept in ${path}`, {
      cause: error,
    });
  }
  throw new Failure("usage", `what you wrote is no JSON object; it is kept in ${path}`);
}
