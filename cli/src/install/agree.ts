/** A question to the person at the terminal. Scripts say --yes. */
import { Failure } from "../exit_codes.ts";
import type { Session } from "../session.ts";
import type { CommonFlags } from "../shared_options.ts";

interface Askable extends CommonFlags {
  readonly yes?: boolean;
}

/** Throws `Failure` unless the answer is yes. */
export async function agree<Flags extends Askable>(session: Session<Flags>, question: string): Promise<void> {
  const { flags, environment } = session;
  if (flags.yes === true) return;
  if (!environment.errTerminal || !process.stdin.isTTY)
    throw new Failure("negative", "nobody is there to be asked, so nothing was changed: say it with --yes");
  await environment.err.write(`${question} [y/N] `);
  const answer = await nextLine();
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new Failure("negative", "nothing was changed");
}

async function nextLine(): Promise<string> {
  for await (const line of console) return line;
  return "";
}
