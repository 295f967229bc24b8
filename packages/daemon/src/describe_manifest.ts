import type { TObject } from "@sinclair/typebox";
import type { SignalDefinition } from "@kloros/signal-schema";
import { environmentName, fieldsOf } from "./config/field.ts";
import { describeAllowed } from "./config/field_value.ts";
import type { Installation, Manifest } from "./types.ts";

/** A manifest as plain JSON, for `kloros describe` and the reference pages. */
export interface ServiceDescription {
  readonly name: string;
  readonly purpose: string;
  readonly consumes: readonly SignalSummary[];
  readonly emits: readonly SignalSummary[];
  readonly decisions: readonly string[];
  readonly config: readonly SettingDescription[];
  readonly reads: readonly (keyof Installation)[];
  readonly writes: readonly (keyof Installation)[];
}

export interface SignalSummary {
  readonly name: string;
  readonly kind: string;
  readonly delivery: string;
  readonly description: string;
  /** JSON Schema of its facts. */
  readonly facts: unknown;
  readonly examples: readonly unknown[];
}

export interface SettingDescription {
  readonly key: string;
  readonly environment: string;
  readonly description: string;
  readonly allowed: string;
  /** Absent for a setting that is a secret or has none. */
  readonly default?: unknown;
}

export function describeManifest<Config extends TObject>(manifest: Manifest<Config>): ServiceDescription {
  return {
    name: manifest.name,
    purpose: manifest.purpose,
    consumes: manifest.consumes.map(summarize),
    emits: manifest.emits.map(summarize),
    decisions: manifest.decisions,
    config: fieldsOf(manifest.config).map((field) => {
      const value: unknown = field.schema.default;
      return {
        key: field.key,
        environment: environmentName(manifest.name, field),
        description: field.description,
        allowed: describeAllowed(field),
        ...(field.secret || value === undefined ? {} : { default: value }),
      };
    }),
    reads: manifest.reads,
    writes: manifest.writes,
  };
}

function summarize(definition: SignalDefinition): SignalSummary {
  const { name, kind, delivery, description, examples } = definition;
  // TypeBox keeps its own markers under symbols, which JSON leaves out.
  const facts: unknown = JSON.parse(JSON.stringify(definition.facts));
  return { name, kind, delivery, description, facts, examples };
}
