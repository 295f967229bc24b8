/** Which signals are requests, and which answer them: from the signals' definitions, looked up by name. Pure. */
import { signals } from "@kloros/signal-schema";

export interface RequestKind {
  readonly name: string;
  /** The consumer whose first delivery starts the deadline. */
  readonly answering: string;
  /** Fact whose equality matches an answer that names no cause. */
  readonly matchFact: string | undefined;
  readonly limitMs: number;
  readonly timeoutSignal: string;
}

const REQUESTS = new Map<string, RequestKind>();
const ANSWERED_BY = new Map<string, RequestKind[]>();

for (const { name, deadline } of signals.values()) {
  if (deadline === undefined) continue;
  const { answeringConsumer: answering, matchFact, limitMs, timeoutSignal, answeredBy } = deadline;
  const kind = { name, answering, matchFact, limitMs, timeoutSignal };
  REQUESTS.set(name, kind);
  for (const answer of answeredBy) ANSWERED_BY.set(answer, [...(ANSWERED_BY.get(answer) ?? []), kind]);
}

export function requestKind(name: string): RequestKind | undefined {
  return REQUESTS.get(name);
}

/** The requests that a signal of this name may answer; undefined: none. */
export function answeredBy(name: string): readonly RequestKind[] | undefined {
  return ANSWERED_BY.get(name);
}

/** Requests that this consumer answers. */
export function requestsTo(consumer: string): readonly RequestKind[] {
  return [...REQUESTS.values()].filter(({ answering }) => answering === consumer);
}
