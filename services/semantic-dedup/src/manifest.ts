/** What this service is, as data. */
import type { Manifest } from "@kloros/daemon";
import { CuriosityInvestigate, EvidenceUpdated, InvestigationComplete } from "@kloros/signal-schema";
import { Type } from "@sinclair/typebox";

const number = (standard: number, minimum: number, maximum: number, description: string) =>
  Type.Integer({ default: standard, minimum, maximum, description });

export const config = Type.Object({
  failuresMax: number(5, 1, 1_000, "Failed investigations in a row after which a module is suppressed."),
  suppressDays: number(7, 1, 3_650, "How long a suppression lasts, days."),
  askAgainHours: number(24, 1, 8_760, "A module is asked about again at most once in this time, hours."),
  viewDelayMs: number(500, 10, 60_000, "How long updates of semantic_evidence.json are collected, ms."),
});

export const manifest: Manifest<typeof config> = {
  name: "semantic-dedup",
  purpose:
    "Keeps what is known about each module, suppresses questions that lead nowhere, asks again when evidence changed.",
  consumes: [InvestigationComplete],
  emits: [EvidenceUpdated, CuriosityInvestigate],
  config,
  decisions: [
    "A completion without module_name is acknowledged without effect.",
    "An investigation counts as failed when it did not complete, is tagged unsolvable, had no evidence, or had the same stable evidence as the last one (the answer to this service's own question is exempt).",
    "After failuresMax failed ones in a row the module is suppressed for suppressDays; a success lifts it, and so does an operator who sets suppressed to false in semantic_evidence.json.",
    "Stable evidence is the evidence without age_days.",
    "When a known module's stable evidence changed and it is not suppressed, it is asked about again, at most once in askAgainHours.",
    "integrates_with are the modules of the source tree or of the evidence file that it imports; used_by is the reverse.",
    "A failed investigation leaves what was known and changes only the suppression.",
  ],
  reads: ["source", "semanticEvidence"],
  writes: ["semanticEvidence", "semanticProcessed", "state"],
};
