/** From what a person types to one winner. Pure. */
import type { WinnerRecord } from "@kloros/winner-deployer";
import { Failure } from "../exit_codes.ts";
import { unknownName } from "../known_names.ts";
import { printable } from "../view/describe_facts.ts";

const SHOWN_MAX = 10;

/**
 * By `<experiment>:<hash>`, where the hash may be cut, by a beginning of the hash, or by the experiment alone. Fails with
 * `negative` when nothing fits, or more than one.
 */
export async function findWinner(typed: string, winners: readonly WinnerRecord[]): Promise<WinnerRecord> {
  const text = typed.trim();
  const found = winners.filter((one) => one.id === text);
  const fitting = found.length > 0 ? found : winners.filter((one) => fits(one, text));
  const [first, second] = fitting;
  if (first === undefined) {
    if (winners.length === 0) {
      throw new Failure(
        "negative",
        "there are no winners yet: no D-REAM cycle that won anything was dealt with",
      );
    }
    const known = winners.map(({ id }) => printable(id));
    throw new Failure("negative", await unknownName("winner", typed, known.slice(-SHOWN_MAX)));
  }
  if (second === undefined) return first;
  const some = fitting
    .slice(-SHOWN_MAX)
    .map(({ id, state, when }) => `  ${printable(id)}  ${state}, ${when}`);
  throw new Failure("negative", [`${typed} fits ${fitting.length} winners:`, ...some].join("\n"));
}

function fits({ experiment, hash }: WinnerRecord, text: string): boolean {
  if (text === experiment) return true;
  const colon = text.lastIndexOf(":");
  const start = text.slice(colon + 1).toLowerCase();
  if (start === "") return false;
  return (colon < 0 || text.slice(0, colon) === experiment) && hash.startsWith(start);
}
