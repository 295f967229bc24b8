/** One look at one file → what to do with it. Pure: no bus, no files, no clock. */
import { validateFacts } from "@kloros/signal-schema";
import type { SignalDefinition } from "@kloros/signal-schema";
import type { FindTarget } from "./mapping_table.ts";
import { parseIntent } from "./parse_intent.ts";
import type { Priority } from "./priority.ts";
import { priorityOf, routeIntent } from "./route_intent.ts";

export interface Look {
  readonly bytes: Uint8Array;
  /** The whole file's size; more than `bytes` holds when it is beyond the limit. */
  readonly sizeBytes: number;
  /** For how long it has been seen unchanged, monotonic ms. */
  readonly quietMs: number;
}

export interface Rules {
  readonly findTarget: FindTarget;
  readonly sizeBytesMax: number;
  /** An unfinished file that was quiet for so long stays unfinished. */
  readonly quietMs: number;
}

export type Step =
  | {
      readonly kind: "route";
      readonly definition: SignalDefinition;
      readonly facts: Readonly<Record<string, unknown>>;
      readonly priority: Priority;
      readonly intentType: string;
    }
  | { readonly kind: "wait"; readonly reason: string }
  | { readonly kind: "reject"; readonly reason: string };

export function decideIntent(look: Look, rules: Rules): Step {
  if (look.sizeBytes > rules.sizeBytesMax) return decideTooLarge(look, rules);
  const parsed = parseIntent(look.bytes);
  if (parsed.kind === "broken") return { kind: "reject", reason: parsed.reason };
  if (parsed.kind === "unfinished") {
    return { kind: look.quietMs >= rules.quietMs ? "reject" : "wait", reason: parsed.reason };
  }
  const { intent } = parsed;
  const result = routeIntent(intent, rules.findTarget);
  if (result.kind === "unroutable") return { kind: "reject", reason: result.reason };
  const { definition, facts } = result;
  const valid = validateFacts(definition, facts);
  if (!valid.ok) return { kind: "reject", reason: valid.text };
  return { kind: "route", definition, facts, priority: priorityOf(intent), intentType: intent.type };
}

/** Waits until it is quiet: what is moved aside while it is still being written would be kept in part. */
function decideTooLarge(look: Look, rules: Rules): Step {
  const reason = `the file has ${look.sizeBytes} bytes, an intent may have ${rules.sizeBytesMax}`;
  return { kind: look.quietMs >= rules.quietMs ? "reject" : "wait", reason };
}
