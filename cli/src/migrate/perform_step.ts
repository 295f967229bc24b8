/** How each kind of step is done, and how one sees that it holds. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { healthSocketPath } from "@kloros/daemon";
import { Failure } from "../exit_codes.ts";
import type { Place } from "../place.ts";
import { askService } from "../status/ask_service.ts";
import type { Systemctl } from "../systemctl.ts";
import { TARGET, unitName } from "../units/service_unit.ts";
import { putAside, putBack, readBackup } from "./backup.ts";
import { openWork } from "./open_work.ts";
import type { OldSideCommands, OldState } from "./old_side.ts";
import { MIGRATED } from "./phases.ts";
import { readRole, roleFilePath, writeRole } from "./role_file.ts";
import { StepError } from "./run_steps.ts";
import type { Step, StepKind, StepOf } from "./steps.ts";

export interface Hands {
  readonly systemctl: Systemctl;
  readonly place: Place;
  readonly unitDirectory: string;
  readonly old: OldSideCommands;
  readonly restTimeoutMs: number;
  /** What the clean-up moves, absolute. */
  readonly files: readonly string[];
  /** Work that was begun may stay in the journal: it goes on when its services act again. */
  readonly leaveOpenWork: boolean;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Told when something is waited for, and why. */
  readonly waiting: (why: string) => void;
}

interface Way<Kind extends StepKind> {
  readonly act?: (step: StepOf<Kind>, hands: Hands) => Promise<void>;
  /** Undefined: it holds. Else why it does not, yet. */
  readonly verify: (step: StepOf<Kind>, hands: Hands) => Promise<string | undefined>;
  /** For how long `verify` is asked, ms. */
  readonly patienceMs: (hands: Hands, step: StepOf<Kind>) => number;
  /** It goes on although it does not hold. */
  readonly mayFail?: (step: StepOf<Kind>) => boolean;
}

const SHORT_MS = 60_000;
const POLL_MS = 250;

const short = (): number => SHORT_MS;
const long = ({ restTimeoutMs }: Hands): number => restTimeoutMs;

const WAYS: { readonly [Kind in StepKind]: Way<Kind> } = {
  "at-boot": {
    act: async ({ on }, { systemctl }) => void (await systemctl.run(on ? "enable" : "disable", TARGET)),
    verify: async ({ on }, { systemctl }) => {
      const state = await systemctl.isEnabled(TARGET);
      return (state === "enabled") === on ? undefined : `${TARGET} is ${state}`;
    },
    patienceMs: () => 0,
  },
  roles: {
    act: async ({ roles }, { unitDirectory, systemctl }) => {
      for (const service of MIGRATED) {
        const role = roles[service];
        if (role !== undefined) await writeRole(roleFilePath(unitDirectory, service), role ?? undefined);
      }
      await systemctl.daemonReload();
    },
    verify: ({ roles }, { unitDirectory }) => {
      const wrong = MIGRATED.filter((service) => {
        const role = roles[service];
        return role !== undefined && readRole(roleFilePath(unitDirectory, service)) !== (role ?? undefined);
      });
      return Promise.resolve(wrong.length === 0 ? undefined : `other drop-ins: ${wrong.join(", ")}`);
    },
    patienceMs: () => 0,
  },
  start: {
    act: async ({ service }, { systemctl }) => {
      // Enabling makes systemd read all units again.
      if ((await systemctl.isEnabled(unitName(service))) !== "enabled")
        await systemctl.run("enable", unitName(service));
      // What runs keeps its old role until it is started again; `stop` first, so that it cannot act in between.
      await systemctl.run("restart", unitName(service));
    },
    verify: async ({ service, role }, { systemctl, place }) => {
      const { ActiveState } = await systemctl.show(unitName(service), ["ActiveState"]);
      if (ActiveState !== "active") return `${unitName(service)} is ${ActiveState}`;
      const { mode } = await askService(service, healthSocketPath(place.paths, service));
      return mode === role
        ? undefined
        : `${service} does not say that it is in ${role} mode, but ${mode ?? "nothing"}, on its socket in ${place.paths.runtime}`;
    },
    patienceMs: short,
  },
  stop: { act: stop, verify: isStopped, patienceMs: short },
  retire: {
    act: async ({ services }, { systemctl }) => {
      await systemctl.run("disable", "--now", ...services.map(unitName));
    },
    verify: async ({ services }, hands) => {
      for (const service of services) {
        const why = await isStopped({ service }, hands);
        if (why !== undefined) return why;
      }
      return undefined;
    },
    patienceMs: short,
  },
  drain: {
    verify: ({ services }, { place, leaveOpenWork }) =>
      leaveOpenWork || services.length === 0 ? Promise.resolve(undefined) : openWork(place, services),
    patienceMs: (hands, { hasty }) => (hasty === true ? SHORT_MS : long(hands)),
    mayFail: ({ hasty }) => hasty === true,
  },
  "hands-empty": {
    verify: (_, { place }) => Promise.resolve(claimedIntents(join(place.paths.intents, ".claimed"))),
    patienceMs: () => 0,
  },
  "old-off": {
    act: ({ share }, { old }) => old.switch(share, "off"),
    verify: async ({ share }, { old }) => expectOld(await old.state(share), ["off", "running"]),
    patienceMs: () => 0,
  },
  "old-at-rest": {
    verify: async ({ share }, { old }) => expectOld(await old.state(share), ["off"]),
    patienceMs: long,
  },
  "old-on": {
    act: ({ share }, { old }) => old.switch(share, "on"),
    verify: () => Promise.resolve(undefined),
    patienceMs: () => 0,
  },
  "old-works": {
    verify: async ({ share }, { old }) => expectOld(await old.state(share), ["on"]),
    patienceMs: short,
  },
  "put-aside": {
    act: async ({ backup }, { files, systemctl, nowMs }) => {
      await putAside(files, backup, nowMs());
      await systemctl.daemonReload();
    },
    verify: (_, { files }) => {
      const left = files.filter((path) => existsSync(path));
      return Promise.resolve(left.length === 0 ? undefined : `still there: ${left.join(", ")}`);
    },
    patienceMs: () => 0,
  },
  "put-back": {
    act: async ({ backup, complete }, { systemctl }) => {
      if (complete || readBackup(backup) !== undefined) putBack(backup);
      await systemctl.daemonReload();
    },
    verify: () => Promise.resolve(undefined),
    patienceMs: () => 0,
  },
};

/** Rejects with `StepError` when it cannot be done or does not hold in time. */
export async function performStep(step: Step, hands: Hands): Promise<void> {
  try {
    await perform(step, WAYS[step.kind] as Way<StepKind>, hands);
  } catch (error) {
    const interrupted = error instanceof Failure && error.exit === "interrupted";
    if (!interrupted && (error instanceof Failure || (error instanceof Error && "code" in error)))
      throw new StepError(error.message, { cause: error });
    throw error;
  }
}

async function perform(step: Step, way: Way<StepKind>, hands: Hands): Promise<void> {
  await way.act?.(step, hands);
  const deadline = hands.monotonicMs() + way.patienceMs(hands, step);
  for (let told = ""; ;) {
    const why = await way.verify(step, hands);
    if (why === undefined) return;
    if (hands.monotonicMs() >= deadline) {
      if (way.mayFail?.(step) === true) return;
      throw new StepError(why);
    }
    if (why !== told) hands.waiting(why);
    told = why;
    await hands.sleep(POLL_MS);
  }
}

async function stop({ service }: { readonly service: StepOf<"stop">["service"] }, { systemctl }: Hands) {
  await systemctl.run("stop", unitName(service));
}

async function isStopped(
  { service }: { readonly service: StepOf<"stop">["service"] },
  { systemctl }: Hands,
): Promise<string | undefined> {
  const { ActiveState } = await systemctl.show(unitName(service), ["ActiveState"]);
  return ["inactive", "failed"].includes(ActiveState) ? undefined : `${unitName(service)} is ${ActiveState}`;
}

function claimedIntents(directory: string): string | undefined {
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith(".json")) : [];
  return names.length === 0
    ? undefined
    : `${names.length} intents are claimed in ${directory}; \`systemctl start kloros-intent-router\` routes them, then go on`;
}

const MEANINGS: Readonly<Record<OldState, string>> = {
  on: "the old side is switched on",
  running: "the old side is switched off, and its last run goes on",
  off: "the old side is switched off",
};

function expectOld(state: OldState, wanted: readonly OldState[]): string | undefined {
  return wanted.includes(state) ? undefined : MEANINGS[state];
}
