/** `<bus endpoint>`: an investigation-consumer whose handler takes the time of each question and does nothing else; a line with a number: tell all when so many came. */
import { connectBus } from "@kloros/bus-client";
import { CuriosityInvestigate } from "@kloros/signal-schema";
import { sharedNowMs } from "../house/statistics.ts";
import { stdinLines, tell } from "../house/stdin_lines.ts";

const [endpoint = ""] = process.argv.slice(2);
const name = "investigation-consumer";
const bus = connectBus({ endpoint, service: name });
process.on("SIGTERM", () => {
  void bus.close().then(() => process.exit(0));
});
let seen: [questionId: string, at: number][] = [];
let target = Infinity;
const check = (): void => {
  if (seen.length < target) return;
  tell("handled", { seen });
  [seen, target] = [[], Infinity];
};
await bus.consume(
  {
    name,
    signals: [CuriosityInvestigate.name],
    start: { from: "earliest" },
    concurrency: 4,
    prefetch: 16,
  },
  ({ signal }) => {
    seen.push([String(signal.facts["question_id"]), sharedNowMs()]);
    check();
    return Promise.resolve(undefined);
  },
);
tell("ready");
for await (const line of stdinLines()) {
  target = Number(line);
  check();
}
