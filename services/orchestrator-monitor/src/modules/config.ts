import { Type } from "@sinclair/typebox";

export const config = Type.Object({
  newModulesIntervalMs: Type.Integer({
    default: 60_000,
    minimum: 100,
    maximum: 86_400_000,
    description: "How often the registry is looked through for new modules besides at each change of it, ms.",
  }),
});

export const decisions = [
  "A module is new when the registry holds an auto_discovered entry for it that was not there at the look before, or with another discovered_at.",
  "What the registry holds at the very first look is not new, unless a Q_MODULE_INTEGRATED tells of it.",
  "Each new module is announced once, with an id derived from its path and discovered_at, so that a repetition after a crash is no second announcement.",
] as const;
