/**
 * What is said: a question (answered, and the answer leads to evidence: three signals), or an alert of which only the newest
 * counts. Of 20 roots 11 are questions, so that 20 roots are 42 signals. Each minute has a lull, in which the bus can empty its
 * write-ahead log as it does on a quiet machine.
 */
import { createRoot, CuriosityInvestigate, type Envelope, HealthAlert } from "@kloros/signal-schema";

const ROOTS = 20;
const QUESTIONS = 11;
export const SIGNALS_PER_ROOT = (QUESTIONS * 3 + (ROOTS - QUESTIONS)) / ROOTS;

const MINUTE_MS = 60_000;
/** After the first purge of a minute is over. */
const LULL = { fromMs: 30_000, toMs: 34_000 } as const;
const BUSY_MS = MINUTE_MS - (LULL.toMs - LULL.fromMs);

/** Every so manieth question is impossible to answer: about one a second at 200 signals/s. */
const IMPOSSIBLE_EVERY = 50;
/** Fails at its first attempt. */
const FAILS_FIRST_EVERY = 40;
const URGENT_EVERY = 6;
/** Of an impossible question, so that the file of the dead letters is set aside within two minutes. */
const LARGE = Array.from({ length: 3 }, (_, n) => `dump_${String(n)}:${"x".repeat(60_000)}`);
const ALERT_KEYS = 20;
const MODULES = 200;

export const IMPOSSIBLE = "impossible";
export const FAILS_FIRST = "fails_first";

/** Roots that are due until so long after the start, at a rate of signals (not roots) a second. */
export function rootsUntil(elapsedMs: number, signalsPerS: number): number {
  const minutes = Math.floor(elapsedMs / MINUTE_MS);
  const within = elapsedMs - minutes * MINUTE_MS;
  const busy = within < LULL.fromMs ? within : Math.max(LULL.fromMs, within - (LULL.toMs - LULL.fromMs));
  const perMinute = (signalsPerS * 60) / SIGNALS_PER_ROOT;
  return Math.floor(perMinute * (minutes + Math.min(busy, BUSY_MS) / BUSY_MS));
}

/** `dueMs`: when it should be said, UTC with fractions; its receivers find it in there. */
export function rootSignal(index: number, dueMs: number): Envelope {
  return index % ROOTS < QUESTIONS ? question(index, dueMs) : alert(index, dueMs);
}

export const isQuestion = ({ signal }: Pick<Envelope, "signal">): boolean =>
  signal === CuriosityInvestigate.name;

/** How the worker is to deal with it. */
export const fateOf = ({ facts }: Envelope): string => (facts as { action_class: string }).action_class;

/** Timeouts are roots too, and ten minutes behind what they are about. */
export const isOurs = ({ signal }: Pick<Envelope, "signal">): boolean =>
  signal === CuriosityInvestigate.name || signal === HealthAlert.name;

/** When the root was due. */
export function dueOf({ signal, facts }: Envelope): number {
  return signal === HealthAlert.name
    ? Number(facts["metric_value"])
    : Number.parseFloat(String(facts["question_id"]));
}

function question(index: number, dueMs: number): Envelope {
  const number = Math.floor(index / ROOTS) * QUESTIONS + (index % ROOTS);
  const impossible = number % IMPOSSIBLE_EVERY === 7;
  const fate = impossible ? IMPOSSIBLE : number % FAILS_FIRST_EVERY === 3 ? FAILS_FIRST : "investigate";
  const module_name = `module_${String(number % MODULES)}`;
  return createRoot(
    CuriosityInvestigate,
    {
      question: `What does the ${module_name} module do?`,
      question_id: `${dueMs.toFixed(3)}.${String(index)}`,
      priority: number % URGENT_EVERY === 0 ? "critical" : "normal",
      evidence: [
        `path:/home/kloros/src/${module_name}`,
        "has_init:True",
        "py_files:14",
        ...(impossible ? LARGE : []),
      ],
      hypothesis: `UNDISCOVERED_MODULE_${module_name.toUpperCase()}`,
      action_class: fate,
      module_name,
    },
    { source: "curiosity-core", nowMs: Math.floor(dueMs) },
  );
}

function alert(index: number, dueMs: number): Envelope {
  const key = `value_${String(index % ALERT_KEYS)}`;
  return createRoot(
    HealthAlert,
    {
      alert_type: key,
      severity: index % 15 === 0 ? "critical" : "warning",
      metric_value: dueMs,
      threshold: 85,
      recommended_action: "look at what grows",
      key,
    },
    { source: "orchestrator-monitor", nowMs: Math.floor(dueMs) },
  );
}
