/** `bun deliver_child.ts ROOT`: works through the mail of a bench in a process of its own, which a test may kill. */
import { openWorkbench } from "./workbench.ts";

const [root] = process.argv.slice(2);
if (root === undefined) throw new Error("usage: bun deliver_child.ts ROOT");
await openWorkbench({ root }).deliverAll();
