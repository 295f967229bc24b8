/** One line of a file for one delivery, once: the ledger's order of steps (plan stored, line written, then the commit). */
import type { Delivery } from "@kloros/bus-client";
import type { SimulatedProcess } from "../machine/process.ts";

interface Plan {
  readonly from: number;
}

/** The lock is held from before the plan until after the write: who lost its delivery meanwhile cannot write beside its successor. */
export async function appendOnce(
  process: SimulatedProcess,
  delivery: Delivery,
  path: string,
  line: string,
): Promise<void> {
  const { disk } = process;
  const release = await disk.lock(path);
  try {
    let text = (await disk.read(path)) ?? "";
    const plan = delivery.plan as Plan | null;
    if (plan === null) {
      await delivery.savePlan({ from: text.length } satisfies Plan);
    } else {
      const since = text.slice(plan.from);
      if (since.split("\n").slice(0, -1).includes(line)) return;
    }
    delivery.abort.throwIfAborted();
    // Somebody died in the middle of a line: ours begins on a new one.
    text = text === "" || text.endsWith("\n") ? "" : "\n";
    await disk.append(path, `${text}${line}\n`);
  } finally {
    release();
  }
}
