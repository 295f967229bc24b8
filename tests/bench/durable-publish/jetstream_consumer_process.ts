/** `<port>`. */
import { consumeStream } from "../peers/jetstream.ts";
import { tell } from "../house/stdin_lines.ts";
import { SettledCount } from "./settled_count.ts";

const [port = ""] = process.argv.slice(2);
const settled = new SettledCount();
await consumeStream(
  Number(port),
  ({ id }) => {
    if (id === "") throw new Error("a body without an id");
  },
  () => {
    settled.add(1);
  },
);
tell("ready");
await settled.serve();
