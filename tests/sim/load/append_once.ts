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
    const text = (await disk.read(path)) ?? "";
    const plan = delivery.plan as Plan | null;
    process.note(
      `seq ${String(delivery.seq)} attempt ${String(delivery.attempt)}: ${line} for ${path}, plan ${JSON.stringify(plan)}, ${String(text.length)} there`,
    );
    if (plan === null) {
      await delivery.savePlan({ from: text.length } satisfies Plan);
    } else {
      if (text.slice(plan.from).split("\n").slice(0, -1).includes(line)) return;
    }
    delivery.abort.throwIfAborted();
    const start = text.lastIndexOf("\n") + 1;
    const half = text.slice(start);
    const ours = half === "" || (plan !== null && start >= plan.from && line.startsWith(half));
    // Somebody died in the middle of a line. Ours is finished, behind another one ours begins anew.
    await disk.append(path, ours ? `${line.slice(half.length)}\n` : `\n${line}\n`);
  } finally {
    release();
  }
}
