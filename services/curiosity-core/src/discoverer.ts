/**
 * The cycle: survey the source root, compare with the registry, ask the best, and again at once while there are more.
 *
 * Invariants: a registry that cannot be read leads to no question; questions are published a handful at a time, the
 * next ones when the bus has these on disk, so a tree of 500 modules floods nobody.
 */
import { errorCode, messageOf, pause } from "@kloros/daemon";
import { readFileSync } from "node:fs";
import { createRoot, CuriosityInvestigate, validateFacts } from "@kloros/signal-schema";
import type { ServiceContext } from "@kloros/daemon";
import { Asked } from "./asked.ts";
import { chooseQuestions } from "./decide.ts";
import type { Finding } from "./finding.ts";
import { writeIntentFile } from "./intent_file.ts";
import { type KnownModules, readKnownModules } from "./known_modules.ts";
import type { CuriosityConfig } from "./manifest.ts";
import { questionSignalId } from "./question.ts";
import type { Question } from "./question.ts";
import { Settling } from "./settling.ts";
import { surveySource } from "./source_tree.ts";

/** Questions from one survey are asked for so long before the tree is looked at again. */
const SURVEY_FRESH_MS = 1000;
const HISTORY_RETRY_MS = 1000;

export class Discoverer {
  readonly #context: ServiceContext<CuriosityConfig>;
  readonly #asked = new Asked();
  readonly #settling: Settling;
  readonly #warned = new Set<string>();
  #historyLoaded = false;
  /** The registry as it was read last. */
  #registry: { readonly text: string; readonly known: KnownModules } | undefined;
  #problem: string | undefined;
  #total = 0;

  constructor(context: ServiceContext<CuriosityConfig>) {
    this.#context = context;
    this.#settling = new Settling(context.config.settleMs);
  }

  /** Why no questions can be asked; undefined: they can. */
  problem(): string | undefined {
    return this.#problem;
  }

  /** Asks until nothing is left to ask and nothing is still being written. */
  async run(): Promise<void> {
    const { stopping, config } = this.#context;
    await this.#loadHistory();
    while (!stopping.aborted) {
      await this.#context.notInMaintenance();
      const findings = await this.#survey();
      if (findings === undefined) return;
      const questions = this.#choose(findings);
      if (questions === undefined) return;
      if (questions.length > 0) await this.#askForAWhile(questions);
      else if (findings.some((finding) => this.#settling.isRestless(finding))) {
        await pause(Math.max(config.settleMs, 50), stopping);
      } else return;
    }
  }

  async #loadHistory(): Promise<void> {
    const { bus, stopping, log } = this.#context;
    while (!this.#historyLoaded && !stopping.aborted) {
      try {
        await this.#asked.load(bus, stopping);
        this.#historyLoaded = true;
      } catch (error) {
        log.warn({ reason: String(error) }, "cannot read from the bus what was asked already; trying again");
        await pause(HISTORY_RETRY_MS, stopping);
      }
    }
  }

  async #survey(): Promise<readonly Finding[] | undefined> {
    const { paths, config, clock } = this.#context;
    try {
      const survey = await surveySource(paths.source, config);
      for (const { path, reason } of survey.unreadable) this.#warnOnce(path, `left out ${path}: ${reason}`);
      if (survey.leftOut > 0)
        this.#warnOnce("leftOut", `${survey.leftOut} directories beyond modulesMax are left out`);
      this.#context.gauge("modules_unreadable", survey.unreadable.length);
      this.#context.gauge("modules_left_out", survey.leftOut);
      this.#settling.observe(survey.findings, { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() });
      return survey.findings;
    } catch (error) {
      this.#setProblem(`cannot scan the source root ${paths.source}: ${messageOf(error)}; set --source`);
      return undefined;
    }
  }

  #choose(findings: readonly Finding[]): readonly Question[] | undefined {
    const known = this.#readRegistry();
    if (known === undefined) return undefined;
    this.#setProblem(undefined);
    this.#context.gauge("modules_known", known.size);
    return chooseQuestions({
      findings,
      known,
      asked: this.#asked.keys,
      isSettled: (finding) => this.#settling.isSettled(finding),
      nowMs: this.#context.clock.wallMs(),
    }).filter((question) => this.#isValid(question));
  }

  #readRegistry(): ReadonlySet<string> | undefined {
    const { registry } = this.#context.paths;
    let text = "";
    try {
      text = readFileSync(registry, "utf8");
    } catch (error) {
      // A system that has not registered anything yet has no registry.
      if (errorCode(error) !== "ENOENT") {
        this.#setProblem(`cannot read the registry ${registry}: ${messageOf(error)}`);
        return undefined;
      }
    }
    const known = this.#parse(text);
    if (known.ok) return known.names;
    this.#setProblem(
      `the registry ${registry} cannot be understood: ${known.reason}; no questions are asked until it is mended`,
    );
    return undefined;
  }

  /** Cycles far outnumber changes; and what a parse leaves behind is many times the registry's size: collected at once. */
  #parse(text: string): KnownModules {
    if (this.#registry?.text !== text) {
      this.#registry = { text, known: readKnownModules(text) };
      Bun.gc(true);
    }
    return this.#registry.known;
  }

  async #askForAWhile(questions: readonly Question[]): Promise<void> {
    const { config, clock, stopping } = this.#context;
    const untilMs = clock.monotonicMs() + SURVEY_FRESH_MS;
    for (let start = 0; start < questions.length; start += config.questionsPerCycle) {
      if (stopping.aborted || clock.monotonicMs() > untilMs) return;
      await this.#ask(questions.slice(start, start + config.questionsPerCycle));
    }
  }

  async #ask(questions: readonly Question[]): Promise<void> {
    const { config } = this.#context;
    if (config.legacyIntents) this.#writeIntents(questions);
    else await this.#publish(questions);
    for (const { key } of questions) this.#asked.add(key);
    this.#total += questions.length;
    this.#context.count("questions_asked_total", {}, questions.length);
    this.#context.status(`${this.#total} questions asked`);
  }

  async #publish(questions: readonly Question[]): Promise<void> {
    const { clock, manifest } = this.#context;
    const nowMs = clock.wallMs();
    await this.#context.publish(
      questions.map(({ facts, key }) =>
        createRoot(CuriosityInvestigate, facts, { source: manifest.name, nowMs, id: questionSignalId(key) }),
      ),
    );
  }

  #writeIntents(questions: readonly Question[]): void {
    const { mode, paths, clock, log } = this.#context;
    for (const question of questions) {
      const { question_id } = question.facts;
      if (mode === "observe") log.info({ question_id }, "would write an intent file");
      else
        log.info(
          { question_id, file: writeIntentFile(paths.intents, question, clock.wallMs()) },
          "wrote an intent file",
        );
    }
  }

  #isValid({ facts, key }: Question): boolean {
    const valid = validateFacts(CuriosityInvestigate, facts);
    if (!valid.ok) this.#warnOnce(key, `cannot ask about ${facts.question_id}: ${valid.text}`);
    return valid.ok;
  }

  #setProblem(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#problem) this.#context.log.error({}, problem);
    this.#problem = problem;
  }

  #warnOnce(key: string, text: string): void {
    if (this.#warned.has(key)) return;
    if (this.#warned.size < 10_000) this.#warned.add(key);
    this.#context.count("modules_skipped_total");
    this.#context.log.warn({}, text);
  }
}
