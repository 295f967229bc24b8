import type { Manifest } from "@kloros/daemon";
import { DreamComplete, DreamProgress, DreamTrigger } from "@kloros/signal-schema";
import { config } from "./config.ts";

export const manifest = {
  name: "dream-consumer",
  purpose: "Runs one D-REAM cycle at a time as a supervised child process.",
  consumes: [DreamTrigger],
  emits: [DreamComplete, DreamProgress],
  config,
  decisions: [
    "One cycle runs at a time, also across restarts. Each trigger is answered by exactly one Q_DREAM_COMPLETE.",
    "A cycle takes over the promotions of the triggers with the same topic that wait behind its own; those are answered with outcome coalesced. With waitingTriggers = refuse, triggers that arrive while a cycle runs are answered with outcome refused.",
    "A cycle succeeds when its process ends with exit code 0 and its artifacts hold a winner that was measured; a foreign runner that ends with 0 and changes no winner found nothing new.",
    "A non-zero exit, a missing program, the time limit or candidates that all failed end as success: false with outcome failed or timeout, and no winner.",
    "Over its time limit a cycle gets SIGTERM, then SIGKILL; after any end every process that carries its run tag is killed.",
    "After a crash of this service a finished cycle is adopted; any other is ended and run again under a new run tag.",
    "When this service is killed during one and the same cycle for the third time, its trigger becomes a dead letter (poison) without a completion: the bus does not let it take the service down for ever. `kloros dlq retry` brings it back.",
    "While the old D-REAM runner of this installation runs, a trigger is answered with outcome refused.",
    "In maintenance mode triggers wait; a cycle that runs goes on.",
  ],
  reads: ["source", "dreamConfig", "promotions"],
  writes: ["dreamArtifacts", "logs", "state"],
} as const satisfies Manifest<typeof config>;
