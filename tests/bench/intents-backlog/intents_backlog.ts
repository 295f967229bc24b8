import type { Bench } from "../bench.ts";
import { measureRounds, type Quantity } from "../house/rounds.ts";
import { median } from "../house/statistics.ts";
import { BACKLOG_FILES, type BacklogResult, runBacklog } from "./backlog_run.ts";

const RUN_MS = 180_000;
const QUICK_FILES = 5000;

export const intentsBacklog: Bench = {
  name: "intents-backlog",
  title: `${BACKLOG_FILES.toLocaleString("en-US")} waiting intent files`,
  method:
    "The files wait in the intents directory when the router starts; a consumer in a third process handles each question. Routed: from the start of the router's process until the directory is " +
    "empty, so each signal was stored with a sync and its file removed. When three in ten are gone, an urgent newcomer is renamed into the directory; its time runs from there to the handler. " +
    "Lost and doubled are counted at the handler, by question. Memory is the kernel's high-water mark of each process (VmHWM).",
  limitMs: 15 * 60_000,
  async run({ quick, scratch, say }) {
    const files = quick ? QUICK_FILES : BACKLOG_FILES;
    const figures = await measureRounds(
      [
        {
          name: "kloros",
          measure: async () => quantities(await runBacklog(scratch, { files, limitMs: RUN_MS })),
        },
      ],
      quick ? 1 : 3,
      say,
    );
    const valueOf = (what: string): number =>
      median(figures.find((figure) => figure.what === what)?.values ?? []);
    return {
      figures,
      ratios: [
        { text: "routed", value: valueOf("routed"), unit: "s", wanted: { atMost: 60 } },
        {
          text: "router's peak memory",
          value: valueOf("router's peak memory"),
          unit: "MB",
          wanted: { atMost: 200 },
        },
        {
          text: "bus's peak memory",
          value: valueOf("bus's peak memory"),
          unit: "MB",
          wanted: { atMost: 200 },
        },
        { text: "urgent newcomer", value: valueOf("urgent newcomer"), unit: "ms", wanted: { atMost: 1000 } },
        { text: "lost", value: valueOf("lost"), wanted: { atMost: 0 } },
        { text: "doubled", value: valueOf("doubled"), wanted: { atMost: 0 } },
      ],
      notes: [],
    };
  },
};

function quantities(result: BacklogResult): Quantity[] {
  return [
    { what: "files", unit: "", value: result.files },
    { what: "routed", unit: "s", value: result.routedS },
    { what: "handled", unit: "s", value: result.handledS },
    { what: "urgent newcomer", unit: "ms", value: result.urgentMs },
    { what: "files that it overtook", unit: "", value: result.overtaken },
    { what: "router's peak memory", unit: "MB", value: result.routerPeakMb },
    { what: "bus's peak memory", unit: "MB", value: result.busPeakMb },
    { what: "lost", unit: "", value: result.lost },
    { what: "doubled", unit: "", value: result.doubled },
  ];
}
