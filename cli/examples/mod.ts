export { EXAMPLE_FILES } from "./example_files.ts";
export { exampleIntents } from "./example_intents.ts";
export type { ExampleIntent } from "./example_intents.ts";
