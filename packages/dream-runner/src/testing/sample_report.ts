import type { CycleReport } from "../types.ts";

/** A cycle of one experiment that found a winner. */
export const SAMPLE_REPORT: CycleReport = {
  schema: "kloros-dream-cycle/1",
  run_tag: "1763116200",
  started_at: "2025-11-14T10:30:00.000Z",
  ended_at: "2025-11-14T10:40:12.400Z",
  success: true,
  exit_code: 0,
  error: null,
  experiments: [
    {
      experiment: "rag_opt",
      outcome: "completed",
      generations: 6,
      candidates: 40,
      failed: 2,
      failures: [{ reason: "ValueError: top_k is too large", count: 2 }],
      bestFitness: 0.83,
      artifacts: null,
      durationS: 612.4,
    },
  ],
  winners: [
    {
      experiment: "rag_opt",
      hash: "e73f10497a0b86c7",
      fitness: 0.83,
      params: { top_k: 5, temperature: 0.5 },
      metrics: { score: 0.83 },
      updatedAt: 1_763_116_812,
    },
  ],
};
