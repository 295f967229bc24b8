/** `bun look_child.ts ROOT`: one look in a process of its own, which a test may kill. */
import { openLookout } from "./lookout.ts";

const [root] = process.argv.slice(2);
if (root === undefined) throw new Error("usage: bun look_child.ts ROOT");
await openLookout({ root }).runner.look();
