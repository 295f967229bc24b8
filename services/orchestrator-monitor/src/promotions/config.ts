import type { Installation } from "@kloros/daemon";
import type { SignalDefinition } from "@kloros/signal-schema";
import { Type } from "@sinclair/typebox";

export const config = Type.Object(
  {
    intervalMs: Type.Integer({
      default: 60_000,
      minimum: 100,
      maximum: 86_400_000,
      description: "How often waiting promotions are reported besides at each change, ms.",
    }),
  },
  { default: {} },
);

export const consumes: readonly SignalDefinition[] = [];
export const emits: readonly SignalDefinition[] = [];
export const decisions: readonly string[] = [];
export const reads: readonly (keyof Installation)[] = [];
export const writes: readonly (keyof Installation)[] = [];
