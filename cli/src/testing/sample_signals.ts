/** For tests: signals as the services say them. */
import {
  createChild,
  createRoot,
  CuriosityInvestigate,
  type Envelope,
  RunScanner,
  type SignalDefinition,
} from "@kloros/signal-schema";

export function question(name: string, nowMs: number): Envelope {
  const facts = {
    ...CuriosityInvestigate.examples[0]!,
    question_id: `discover.module.${name}`,
    module_name: name,
  };
  return createRoot(CuriosityInvestigate, facts, { source: "curiosity-core", nowMs });
}

/** Says what its definition's first example says. */
export function childOf(
  parent: Envelope,
  definition: SignalDefinition,
  nowMs: number,
  effectKey = "",
): Envelope {
  const source = definition.emitters[0]!.service;
  return createChild(parent, definition, definition.examples[0]!, {
    source,
    consumer: source,
    nowMs,
    effectKey,
  });
}

export function scan(scanner: string, nowMs: number): Envelope {
  return createRoot(RunScanner, { scanner }, { source: "operator", nowMs });
}
