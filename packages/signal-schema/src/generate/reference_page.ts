/** `docs/reference/signals.md`: a table of all signals, then a section each. */
import type { Deadline, SignalDefinition } from "../definition.ts";
import { ENVELOPE_LIMITS } from "../envelope.ts";
import { exampleEnvelopes } from "./example_envelope.ts";
import { factRows } from "./facts_table.ts";
import { laneOf } from "./lane_text.ts";
import { SOURCE_NOTE } from "./source_note.ts";

export function referencePage(definitions: readonly SignalDefinition[]): string {
  const parts = [introduction(definitions.length), overview(definitions), ...definitions.map(sectionOf)];
  return `${parts.join("\n\n")}\n`;
}

function introduction(count: number): string {
  const { sizeBytesMax, depthMax, hopsMax } = ENVELOPE_LIMITS;
  return `<!-- ${SOURCE_NOTE} -->
# Signals

All ${count} signals that the chemical bus carries. A signal is a JSON object (the envelope) with these keys:

| key | meaning |
|---|---|
| \`signal\` | its name, \`Q_<ACTION>_<STATE>\` |
| \`timestamp\` | when it was said, UTC, RFC 3339 |
| \`source\` | the emitting service; the bus checks it |
| \`facts\` | all that a receiver needs, as described below; facts that are not described are let through |
| \`id\` | a UUID: version 7, or version 8 when derived from the signal that led to it; an id is stored once |
| \`cause\` | id of the signal that led to this one; absent for a root |
| \`trace\` | id of the root of the chain; a root's own id |
| \`hops\` | length of the chain from the root; 0 for a root |

Limits: ${sizeBytesMax / 1024} KiB of JSON, ${depthMax} levels, ${hopsMax} hops. Other keys of the envelope are kept.

Delivery: **every** signal reaches each durable consumer; of **latest** only the newest per key counts; **live** ones are
announced on the live feed and not stored. Urgent signals overtake normal ones. A signal that **starts a chain** has a
trace of its own also when it names a cause.`;
}

function overview(definitions: readonly SignalDefinition[]): string {
  const rows = definitions.map(
    ({ name, kind, delivery, description }) =>
      `| [\`${name}\`](#${name.toLowerCase()}) | ${kind} | ${delivery} | ${cell(description)} |`,
  );
  return `| signal | kind | delivery | says |\n|---|---|---|---|\n${rows.join("\n")}`;
}

function sectionOf(definition: SignalDefinition): string {
  return [
    `## ${definition.name}`,
    definition.description,
    propertiesOf(definition).join("\n"),
    factsOf(definition),
    `Example:\n\n\`\`\`json\n${JSON.stringify(exampleEnvelopes(definition)[0], null, 2)}\n\`\`\``,
  ].join("\n\n");
}

function propertiesOf(definition: SignalDefinition): readonly string[] {
  const { kind, delivery, root, status, deadline, emitters } = definition;
  return [
    `- Kind: ${kind}${root ? "; starts a chain" : ""}${status === "later" ? "; declared, emitted by nobody yet" : ""}`,
    `- Delivery: ${delivery}${keyOf(definition)}`,
    `- Lane: ${laneOf(definition)}`,
    `- Emitted by: ${emitters.map(({ service, aliases }) => emitterOf(service, aliases)).join(", ")}`,
    ...(deadline === undefined ? [] : [`- Deadline: ${deadlineOf(deadline)}`]),
    `- JSON Schema: [schemas/${definition.name}.json](schemas/${definition.name}.json)`,
  ];
}

function keyOf(definition: SignalDefinition): string {
  const example = definition.examples[0];
  const key = example === undefined ? undefined : definition.key?.(example);
  return key === undefined ? "" : ` per key (of the example: \`${key}\`)`;
}

function emitterOf(service: string, aliases: readonly string[]): string {
  if (aliases.length === 0) return `\`${service}\``;
  return `\`${service}\` (from outside also ${aliases.map((alias) => `\`${alias}\``).join(", ")})`;
}

function deadlineOf({ answeredBy, matchFact, limitMs, workerLimitMs, ...rest }: Deadline): string {
  const match = matchFact === undefined ? "" : `, or names the same \`${matchFact}\``;
  return (
    `answered by a ${answeredBy.map((name) => `\`${name}\``).join(" or ")} that it caused${match}, within ` +
    `${limitMs / 60_000} minutes of its first delivery to \`${rest.answeringConsumer}\` (which gives up by itself after ` +
    `${workerLimitMs / 60_000}); else the bus emits \`${rest.timeoutSignal}\``
  );
}

function factsOf({ facts }: SignalDefinition): string {
  const rows = factRows(facts).map(
    ({ path, type, required, description }) =>
      `| \`${path}\` | ${cell(type)} | ${required ? "yes" : ""} | ${cell(description)} |`,
  );
  return `| fact | type | required | meaning |\n|---|---|---|---|\n${rows.join("\n")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
