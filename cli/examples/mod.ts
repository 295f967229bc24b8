export { EXAMPLE_FILES } from "./example_files.ts";
export { EXAMPLE_ENVIRONMENT, EXAMPLE_SETTINGS, examplePromotions } from "./example_home.ts";
export type { ExamplePromotion } from "./example_home.ts";
export { exampleIntents } from "./example_intents.ts";
export type { ExampleIntent } from "./example_intents.ts";
