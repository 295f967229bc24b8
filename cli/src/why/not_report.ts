/** Why a signal was not said up to a moment: gathered from rules, services and the journal. */
import type { Bus } from "@kloros/bus-client";
import type { SignalDefinition } from "@kloros/signal-schema";
import type { Place } from "../place.ts";
import { emitterAnswer, type EmitterAnswer } from "./emitter_answer.ts";
import type { Knowledge } from "./knowledge.ts";
import { lastSaid, type Said } from "./last_said.ts";
import { type RuleAnswer, ruleAnswer } from "./rule_answer.ts";
import { winnerSentence } from "./winner_sentences.ts";

export interface NotReport {
  readonly signal: string;
  readonly atMs: number;
  /** The last one before that moment; null: none that the journal has. */
  readonly last: Said | null;
  /** What the rules that emit it made of what they saw; absent: no rule may emit it. */
  readonly rules?: RuleAnswer;
  /** The services that say it. */
  readonly services: readonly EmitterAnswer[];
  readonly winners: readonly string[];
  /** Why the journal could not be asked. */
  readonly busAway: string | null;
}

export interface NotQuestion {
  readonly definition: SignalDefinition;
  readonly atMs: number;
  /** Whether that is now: then it counts how the services are. */
  readonly now: boolean;
}

export interface Sources {
  readonly bus: Bus | undefined;
  readonly busAway: string | undefined;
  readonly place: Place;
  readonly knowledge: Knowledge;
}

const ENGINE = "policy-engine";
const OPERATOR = "operator";
/** Signals whose absence may be a winner's. */
const OF_WINNERS: ReadonlySet<string> = new Set(["Q_WINNER_DEPLOYED", "Q_WINNER_DECIDED"]);

/** The newest that are told. */
const WINNERS_MAX = 5;

export async function whyNot(question: NotQuestion, sources: Sources): Promise<NotReport> {
  const { definition, atMs } = question;
  const { bus, busAway, knowledge } = sources;
  const emitters = definition.emitters.map(({ service }) => service).filter((name) => name !== OPERATOR);
  const services = await Promise.all(emitters.map((name) => emitterAnswer(name, question, sources)));
  const rules = emitters.includes(ENGINE) ? await ruleAnswer(definition.name, atMs, knowledge) : undefined;
  return {
    signal: definition.name,
    atMs,
    last: bus === undefined ? null : await lastSaid(bus, definition.name, atMs),
    ...(rules === undefined ? {} : { rules }),
    services,
    winners: OF_WINNERS.has(definition.name)
      ? knowledge.winners
          .filter(({ state }) => state !== "deployed")
          .slice(-WINNERS_MAX)
          .map(winnerSentence)
      : [],
    busAway: busAway ?? null,
  };
}
