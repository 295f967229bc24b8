import type { Manifest } from "@kloros/daemon";
import { LoopDetected, DreamTimeout, InvestigationTimeout } from "@kloros/signal-schema";
import { Type } from "@sinclair/typebox";

export const config = Type.Object({
  liveEndpoints: Type.Array(Type.String(), {
    default: ["tcp://127.0.0.1:7777"],
    description:
      "Further endpoints of the live feed beside the local socket, read-only, two frames [name][envelope]. A port that is taken is tried again, with a health reason.",
  }),
  liveSingleFrameEndpoints: Type.Array(Type.String(), {
    default: [],
    description: "Endpoints that carry the envelope alone, for subscribers that read one JSON frame.",
  }),
  retentionDays: Type.Number({
    default: 30,
    minimum: 0,
    maximum: 36_500,
    description:
      "Settled signals older than this leave the journal; what is open, a dead letter, or still has a deadline stays.",
  }),
  retentionBytes: Type.Integer({
    default: 2 * 1024 ** 3,
    minimum: 1024 ** 2,
    description: "While the journal holds more than this, its oldest settled signals leave it, bytes.",
  }),
  rememberIdsDays: Type.Number({
    default: 30,
    minimum: 1,
    maximum: 36_500,
    description: "Ids of signals that left are remembered for so long: said again, they are duplicates.",
  }),
  diskReserveBytes: Type.Integer({
    default: 16 * 1024 ** 2,
    minimum: 0,
    description:
      "Size of the file beside the journal that is given up when the disk is full, bytes; 0: none.",
  }),
  diskFreeBytesMin: Type.Integer({
    default: 64 * 1024 ** 2,
    minimum: 0,
    description:
      "With less free than this, publishers are told to wait; acknowledgements and retention go on, bytes.",
  }),
  idlePollMs: Type.Integer({
    default: 100,
    minimum: 1,
    maximum: 200,
    description:
      "How long an idle bus waits in one poll, ms: bounds how late it looks at signals of the process.",
  }),
});

export const manifest: Manifest<typeof config> = {
  name: "chemical-bus",
  purpose:
    "Owns the journal: accepts signals, stores them, delivers them to durable consumers and announces them live.",
  consumes: [],
  emits: [InvestigationTimeout, DreamTimeout, LoopDetected],
  config,
  decisions: [
    "A signal is acknowledged after the transaction that stored it is on disk, never before.",
    "An id is stored once; the same id with another body is a conflict and the first stays.",
    "A consumer is held by one live instance; another is refused and told the holder's pid.",
    "A delivery whose lease ended is given again; the late one is told that its work is not its own any more.",
    "A question that its worker was given and did not answer in 10 minutes, or a D-REAM trigger in 30, ends in exactly one timeout, also over restarts; nothing that waits in a queue does. An answer that comes later is delivered and marked late.",
    "The same signal for the third time in one chain, or more than ten times in ten minutes without a cause, is a loop: it is stored, its deliveries become dead letters, and Q_LOOP_DETECTED is said once.",
    "What fails for good becomes a dead letter, kept in the journal for 30 days and appended to failed_signals.jsonl, which is set aside as .1 at 16 MiB.",
    "A journal that is damaged in its structure, or behind its mark, is not started on; a damaged row is named and set aside, and what is behind it goes on.",
    "Settled signals leave the journal by age and size, at most 500 in one step; their ids are remembered.",
  ],
  reads: ["configFile"],
  writes: ["journal", "failedSignals", "runtime", "state"],
};
