import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import { pause } from "@kloros/daemon";
import type { Service, ServiceContext } from "@kloros/daemon";
import { PolicyDue } from "@kloros/signal-schema";
import type { Moment } from "./deciding/moment.ts";
import type { EngineState } from "./deciding/state.ts";
import { openDecisionLog } from "./decisions/decision_log.ts";
import type { DecisionLog } from "./decisions/decision_log.ts";
import { createAlarm } from "./engine/alarm.ts";
import { createEngine } from "./engine/engine.ts";
import { policyView } from "./engine/policy_view.ts";
import { statusLine } from "./engine/status_line.ts";
import { openViewFile } from "./engine/view_file.ts";
import { manifest } from "./manifest.ts";
import type { config } from "./manifest.ts";
import { keepRules } from "./rules/rules_keeper.ts";
import type { RulesKeeper } from "./rules/rules_keeper.ts";

type Context = ServiceContext<typeof config>;

/** An engine that starts for the first time beside a running system is not told of what is older, ms. */
const FIRST_SEEN_AGE_MS_MAX = 3_600_000;
const DAY_MS = 86_400_000;
/** A file that is being written is whole by then, ms. */
const SETTLE_MS = 300;
const ATTEMPTS_MAX = 10;

export const service: Service<typeof config> = {
  manifest,
  start: async (context) => {
    const acting = context.mode === "act";
    const decisions = acting ? openLog(context) : undefined;
    const keeper = await keepRules({
      paths: context.paths,
      mode: context.mode,
      log: context.log,
      onChange: (ruleSet) => decisions?.inForce(ruleSet),
    });
    const view = acting ? openViewFile(context.paths.policyState, context.log, context.stopping) : undefined;
    const alarm = createAlarm(async (rule) => ring(context, rule), context.stopping);
    const show = (state: EngineState, now: Moment): void => {
      view?.show(() => policyView(keeper.inForce, state, now));
      context.status(statusLine(keeper, state, now));
    };
    const engine = createEngine(context, {
      ruleSet: () => keeper.inForce,
      decisions,
      onState: show,
      onDue: (due) => alarm.set(due),
    });
    context.health("rules", () => keeper.trouble);
    context.health("decisions", () => decisions?.trouble);
    context.status(statusLine(keeper));
    const unwatch = followFile(context, keeper);
    await context.consume(
      {
        signals: manifest.consumes,
        start: { from: "earliest", ageMsMax: FIRST_SEEN_AGE_MS_MAX },
        stateKey: "",
        attemptsMax: ATTEMPTS_MAX,
        pauseInMaintenance: true,
      },
      async (delivery) => engine.handle(delivery),
    );
    // A debounce may have been over while nobody was here to wake it.
    if (acting) void ring(context, "*");
    return async () => {
      unwatch();
      await view?.flush();
      decisions?.close();
    };
  },
};

function openLog({ paths, log, clock, config: settings }: Context): DecisionLog {
  return openDecisionLog(paths.decisionLog, {
    log,
    ageMsMax: settings.decisionDays * DAY_MS,
    rowsMax: settings.decisionRowsMax,
    wallMs: () => clock.wallMs(),
  });
}

/** Never rejects: what is not said now is said at the next start. */
async function ring(context: Context, rule: string): Promise<void> {
  try {
    await context.publish([context.root(PolicyDue, { rule })]);
  } catch (error) {
    if (!context.stopping.aborted) context.log.warn({ rule, error }, "the engine could not wake itself");
  }
}

/** The kernel's hint makes it quick, the interval makes it sure. */
function followFile(context: Context, keeper: RulesKeeper): () => void {
  const { policies } = context.paths;
  const timer = context.every("rules", context.config.rulesLookMs, async () => {
    const before = keeper.inForce;
    if (await keeper.look()) void pause(SETTLE_MS, context.stopping).then(lookSooner);
    if (keeper.inForce !== before) context.status(statusLine(keeper));
  });
  function lookSooner(): void {
    if (!context.stopping.aborted) timer.trigger();
  }
  try {
    const watcher = watch(dirname(policies), { persistent: false }, (_, name) => {
      if (name === null || name === basename(policies)) lookSooner();
    });
    watcher.on("error", () => watcher.close());
    return () => watcher.close();
  } catch (error) {
    context.log.debug({ file: policies, error }, "the file of rules is not watched, only looked at");
    return () => undefined;
  }
}
