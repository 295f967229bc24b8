/** One JSON Schema (2020-12) a signal: the whole envelope with this signal's facts. */
import type { SignalDefinition } from "../definition.ts";
import { ENVELOPE_LIMITS } from "../envelope.ts";
import { exampleEnvelopes } from "./example_envelope.ts";
import { plainSchema } from "./plain_schema.ts";
import type { Json, JsonObject } from "./plain_schema.ts";
import { SOURCE_NOTE } from "./source_note.ts";

const uuid = (description: string): JsonObject => ({
  description,
  type: "string",
  format: "uuid",
  pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
});

export function signalSchema(definition: SignalDefinition): JsonObject {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:kloros:signal:${definition.name}`,
    $comment: SOURCE_NOTE,
    title: definition.name,
    description: definition.description,
    type: "object",
    required: ["signal", "timestamp", "source", "facts", "id", "trace", "hops"],
    properties: {
      signal: { description: "Name of the signal.", const: definition.name },
      timestamp: { description: "When it was said, UTC, RFC 3339.", type: "string", format: "date-time" },
      source: { description: "The emitting service.", type: "string", enum: sourcesOf(definition) },
      facts: plainSchema(definition.facts),
      id: uuid("Identifies the signal; the unit of idempotency."),
      cause: uuid("Id of the signal that led to this one; absent for a root."),
      trace: uuid("Id of the root of this chain; a root's own id."),
      hops: {
        description: "Length of the chain from the root; 0 for a root.",
        type: "integer",
        minimum: 0,
        maximum: ENVELOPE_LIMITS.hopsMax,
      },
    },
    examples: exampleEnvelopes(definition) as unknown as Json,
  };
}

/** Services first, then the names that other daemons use for them. */
function sourcesOf({ emitters }: SignalDefinition): readonly string[] {
  return [...emitters.map(({ service }) => service), ...emitters.flatMap(({ aliases }) => aliases)];
}
