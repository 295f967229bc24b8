/** `<socket> <entries a read>`. */
import { consumeGroup } from "../peers/redis_group.ts";
import { tell } from "../house/stdin_lines.ts";
import { SettledCount } from "./settled_count.ts";

const [socketPath = "", count = ""] = process.argv.slice(2);
const settled = new SettledCount();
await consumeGroup({
  socketPath,
  count: Number(count),
  onSignal: ({ id }) => {
    if (id === "") throw new Error("a body without an id");
  },
  onSettled: (many) => {
    settled.add(many);
  },
});
tell("ready");
await settled.serve();
