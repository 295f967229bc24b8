import type { Installation } from "@kloros/daemon";
import type { SignalDefinition } from "@kloros/signal-schema";
import { Type } from "@sinclair/typebox";

export const config = Type.Object(
  {
    intervalMs: Type.Integer({
      default: 60_000,
      minimum: 100,
      maximum: 86_400_000,
      description: "How often the state of machine and services is looked at, ms.",
    }),
  },
  // Without a default a test that gives no section would not get those of its settings.
  { default: {} },
);

export const consumes: readonly SignalDefinition[] = [];
export const emits: readonly SignalDefinition[] = [];
export const decisions: readonly string[] = [];
export const reads: readonly (keyof Installation)[] = [];
export const writes: readonly (keyof Installation)[] = [];
