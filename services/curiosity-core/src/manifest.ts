/** What curiosity-core is, as data. */
import { Type } from "@sinclair/typebox";
import { CuriosityInvestigate } from "@kloros/signal-schema";
import type { Manifest } from "@kloros/daemon";

const config = Type.Object({
  intervalMs: Type.Integer({
    default: 60_000,
    minimum: 100,
    maximum: 86_400_000,
    description: "How often the source root is scanned without a hint from the kernel, ms.",
  }),
  questionsPerCycle: Type.Integer({
    default: 5,
    minimum: 1,
    maximum: 100,
    description: "The best so many are asked together; the next ones as soon as the bus has these on disk.",
  }),
  settleMs: Type.Integer({
    default: 250,
    minimum: 0,
    maximum: 60_000,
    description:
      "A module that was changed less than so long ago is still being written and is asked about later, ms.",
  }),
  modulesMax: Type.Integer({
    default: 10_000,
    minimum: 1,
    description: "Directories of the source root that are looked at; more are counted and left out.",
  }),
  filesPerModuleMax: Type.Integer({
    default: 5000,
    minimum: 1,
    description: "Python files that are counted in one directory.",
  }),
  legacyIntents: Type.Boolean({
    default: false,
    description: "Writes intent files instead of signals, for an installation whose old router reads them.",
  }),
});

export type CuriosityConfig = typeof config;

export const manifest: Manifest<CuriosityConfig> = {
  name: "curiosity-core",
  purpose: "Finds modules in the source root that the registry does not know, and asks what they are.",
  consumes: [],
  emits: [CuriosityInvestigate],
  config,
  decisions: [
    "Looked at: directories at the top of the source root; not hidden ones, `__pycache__`, `tests`, or symbolic links.",
    "Known: keys of capabilities.yaml, and the last dotted part of each entry's `module`. A registry that cannot be read: no questions.",
    "A candidate has `__init__.py`, two Python files or a README.md, and at least one Python file: else it could not be integrated.",
    "Value: 0.5, +0.1 for `__init__.py`, +0.1 for README.md, +0.1 from three Python files, +0.15 when changed within 30 days; below 0.6 it is dropped.",
    "The best five are asked together, the next five at once. The same evidence (its age left out) is never asked twice.",
  ],
  reads: ["source", "registry"],
  writes: ["intents"],
};
