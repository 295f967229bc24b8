/** The other files that promise something: one that is replaced as a whole, and a log that lines are appended to once. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { appendOnce, writeFileAtomic } from "@kloros/daemon";
import type { Choices } from "@kloros/signal-schema/testing";

export type AppendPlan = NonNullable<Parameters<typeof appendOnce>[2]["plan"]>;

export type FileMark =
  | { readonly said: "writing" | "wrote" | "appending" | "appended"; readonly n: number }
  /** As it stands in the journal from then on. */
  | { readonly said: "plan"; readonly n: number; readonly plan: AppendPlan };

export const STATE = "state.json";
export const LOG = "log.jsonl";

const SIZES = [10, 700, 9000];

/** By its number alone, so that whoever looks later knows what it was. */
export function contentOf(n: number): string {
  return `${JSON.stringify({ n, text: String(n).repeat(SIZES[n % SIZES.length] ?? 0) })}\n`;
}

export function lineOf(n: number, by = "ours"): string {
  return JSON.stringify({ by, n, text: String(n).repeat(SIZES[(n + 1) % SIZES.length] ?? 0) });
}

export async function workOnFiles(
  root: string,
  { choices, tell }: { readonly choices: Choices; readonly tell: (mark: FileMark) => void },
): Promise<void> {
  for (let n = 1; n <= 40; n++) {
    tell({ said: "writing", n });
    await writeFileAtomic(join(root, STATE), contentOf(n));
    tell({ said: "wrote", n });
    tell({ said: "appending", n });
    const savePlan = (plan: AppendPlan): Promise<void> => Promise.resolve(tell({ said: "plan", n, plan }));
    await appendOnce(join(root, LOG), lineOf(n), { plan: null, savePlan });
    tell({ said: "appended", n });
    // Somebody else, who does not sync; our next append does.
    if (choices.random() < 0.3) appendFileSync(join(root, LOG), `${lineOf(n, "foreign")}\n`);
  }
}
