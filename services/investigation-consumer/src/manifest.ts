/** What this service is, as data. */
import type { Manifest } from "@kloros/daemon";
import { CuriosityInvestigate, InvestigationComplete } from "@kloros/signal-schema";
import { Type } from "@sinclair/typebox";

const count = (standard: number, minimum: number, maximum: number, description: string) =>
  Type.Integer({ default: standard, minimum, maximum, description });

export const config = Type.Object({
  concurrency: count(4, 1, 32, "Investigations at once; urgent ones come on top."),
  urgentConcurrency: count(1, 1, 8, "Slots that only urgent investigations use."),
  limitMs: count(
    9 * 60_000,
    1_000,
    9.5 * 60_000,
    "Time for one investigation, ms; below the bus's deadline of 10 minutes.",
  ),
  filesMax: count(5_000, 1, 100_000, "Python files of one module."),
  fileBytesMax: count(
    1024 * 1024,
    1_024,
    64 * 1024 * 1024,
    "Size of one file, bytes; a larger one is reported and left out. Parsing 1 MiB takes half a second.",
  ),
  totalBytesMax: count(
    64 * 1024 * 1024,
    1_024,
    1024 * 1024 * 1024,
    "Size of a module's files together, bytes.",
  ),
  parseMsMax: count(
    2_000,
    10,
    10_000,
    "Time for parsing one file, ms; nothing else is done meanwhile. One that takes longer is reported and left out.",
  ),
  depthMax: count(20, 1, 100, "Directories below the module's own."),
  entriesMax: count(100_000, 1, 10_000_000, "Names looked at in one module."),
});

export const manifest: Manifest<typeof config> = {
  name: "investigation-consumer",
  purpose: "Investigates questions: parses the module they are about and records what it finds.",
  consumes: [CuriosityInvestigate],
  emits: [InvestigationComplete],
  config,
  decisions: [
    "A question with a `path:` in its evidence, or with a module_path, is about the module in that directory.",
    "A question `discover.module.NAME` without a path is about the directory NAME below the source root.",
    "Any other question is generic: the modules that it mentions are named; without a language model it says so.",
    "A module is completed with confidence 1 when at least one of its Python files was parsed without an error.",
    "A missing directory, one without Python files, and one in which no file can be parsed are answered as failed.",
    "An investigation that takes longer than limitMs is answered as failed, with timeout set.",
    "The record is appended once; the completion is made from the line that is in the file.",
  ],
  reads: ["source"],
  writes: ["investigationsLog"],
};
