/**
 * The AsyncAPI 3 document: the live feed as a channel a signal. Payloads are the JSON Schemas beside it, by reference,
 * so that there is one text of each.
 */
import type { SignalDefinition } from "../definition.ts";
import { exampleEnvelopes } from "./example_envelope.ts";
import type { Json, JsonObject } from "./plain_schema.ts";
import { SOURCE_NOTE } from "./source_note.ts";

export function asyncapiDocument(definitions: readonly SignalDefinition[], version: string): JsonObject {
  return {
    asyncapi: "3.0.0",
    "x-generated": SOURCE_NOTE,
    info: {
      title: "KLoROS chemical bus",
      version,
      description:
        "Signals as the live feed carries them: two ZeroMQ frames, the signal's name and the envelope as JSON. " +
        "Durable delivery goes through the bus's own protocol and carries the same envelopes.",
    },
    defaultContentType: "application/json",
    servers: {
      live: {
        host: "127.0.0.1:7777",
        protocol: "zmq",
        description: "XPUB, read-only: connect a SUB socket and subscribe to a signal's name.",
      },
    },
    channels: byName(definitions, channelOf),
    operations: byName(definitions, operationOf),
    components: { messages: byName(definitions, messageOf) },
  };
}

function byName(
  definitions: readonly SignalDefinition[],
  make: (definition: SignalDefinition) => JsonObject,
): JsonObject {
  return Object.fromEntries(definitions.map((definition) => [definition.name, make(definition)]));
}

function channelOf({ name, description }: SignalDefinition): JsonObject {
  return {
    address: name,
    description,
    messages: { [name]: { $ref: `#/components/messages/${name}` } },
  };
}

function operationOf({ name, status }: SignalDefinition): JsonObject {
  return {
    action: "send",
    channel: { $ref: `#/channels/${name}` },
    messages: [{ $ref: `#/channels/${name}/messages/${name}` }],
    "x-status": status,
  };
}

function messageOf(definition: SignalDefinition): JsonObject {
  const { name, description, kind, delivery, root, deadline, emitters } = definition;
  return {
    name,
    title: name,
    summary: description,
    tags: [{ name: kind }],
    payload: {
      schemaFormat: "application/schema+json;version=draft-2020-12",
      schema: { $ref: `./schemas/${name}.json` },
    },
    examples: exampleEnvelopes(definition).map((payload) => ({ payload: payload as unknown as Json })),
    "x-delivery": delivery,
    "x-root": root,
    "x-emitters": emitters.map(({ service, aliases }) => ({ service, aliases })),
    ...(deadline === undefined ? {} : { "x-deadline": { ...deadline } }),
  };
}
