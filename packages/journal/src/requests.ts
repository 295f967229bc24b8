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

/** What a request and its answer have in common; null: only the cause tells. Bounded by what a name may have. */
export function matchOf(kind: RequestKind, facts: Readonly<Record<string, unknown>>): string | null {
  const value = kind.matchFact === undefined ? undefined : facts[kind.matchFact];
  return typeof value === "string" && value !== "" ? `${kind.name}|${value}` : null;
}

/** The value in a match: what the timeout says that it is about. */
export function matchedValue(kind: RequestKind, match: string | null): string {
  return match?.slice(kind.name.length + 1) ?? "";
}
