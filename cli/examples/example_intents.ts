/** What somebody might have dropped into the intents directory: one question about a module, one about none. */
import { join } from "node:path";

export interface ExampleIntent {
  readonly name: string;
  readonly content: object;
}

export function exampleIntents(source: string, nowMs: number): readonly ExampleIntent[] {
  return [
    {
      name: `${nowMs}_discover.module_telemetry.json`,
      content: {
        type: "discover.module",
        id: "discover.module.telemetry",
        data: {
          question: "What does the module telemetry do?",
          priority: "normal",
          hypothesis: "UNDISCOVERED_MODULE_TELEMETRY",
          capability_key: "undiscovered.telemetry",
          evidence: [
            `path:${join(source, "telemetry")}`,
            "has_init:False",
            "py_files:1",
            "has_docs:False",
            "age_days:0",
          ],
        },
      },
    },
    {
      name: `${nowMs + 1}_curiosity_investigate_microphone.json`,
      content: {
        type: "curiosity_investigate",
        question: "Which parts of the system depend on the audio module?",
      },
    },
  ];
}
