/** What each generated file says about where it comes from. */
export const SOURCE_NOTE =
  "Generated from packages/signal-schema/src/signals by `bun packages/signal-schema/src/generate/main.ts`. Do not edit.";
