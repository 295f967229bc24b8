/**
 * Carries out a plan: each group of winners is written, read back, reloaded and validated, or taken back. The plan is
 * stored before each effect and after each group, so a run after a crash goes on where the last one stopped. Commands may
 * run again then; the file is never written twice with different meaning.
 */
import { crashPoint, messageOf, syncDirectory } from "@kloros/daemon";
import { RetryableError } from "@kloros/bus-client";
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { mayBeSet } from "./allow_list.ts";
import { backupPath, writeBackup } from "./backups.ts";
import { keysThatDiffer, setKeys } from "./env_edit.ts";
import type { EnvEdit } from "./env_edit.ts";
import {
  ChangedMeanwhileError,
  EnvFileError,
  hashOf,
  inFile,
  readEnv,
  refuseManyNames,
  replaceEnv,
  sha256Hex,
  withEnvLock,
} from "./env_store.ts";
import type { ReadEnv } from "./env_store.ts";
import { isTooLong, shareOf } from "./plan.ts";
import type { Deployment, DeployPlan, Outcome } from "./plan.ts";
import { holdsOldValues, takeBack } from "./take_back.ts";
import type { Workshop } from "./workshop.ts";
import { runConfigured } from "./workshop.ts";
import { attempting } from "./world_errors.ts";

/** How one group ended. `together`: it may be that only one of several winners is to blame. */
interface Ending {
  readonly deployment: Deployment | null;
  readonly reason: string;
  readonly rolledBack: boolean;
  readonly together: boolean;
}

/** How often the file may change under our hands before it is tried again later. */
const TRIES = 3;

/** Returns the plan with an outcome for each winner that was to be deployed. */
export async function carryOut(shop: Workshop, given: DeployPlan): Promise<DeployPlan> {
  let plan = given;
  const save = async (next: DeployPlan): Promise<void> => {
    await shop.savePlan(next);
    plan = next;
  };
  for (;;) {
    const group = plan.current?.winners ?? plan.steps[0];
    if (group === undefined) return plan;
    const work = { shop, group, save, plan: () => plan };
    const next = concluded(plan, group, await endingOf(work));
    try {
      await save(next);
    } catch (error) {
      if (!shop.isEnd(error)) throw error;
      // It can be found again by what is stored.
      plan = next;
    }
    crashPoint("deployer.concluded");
  }
}

interface Work {
  readonly shop: Workshop;
  readonly group: readonly number[];
  plan(): DeployPlan;
  save(plan: DeployPlan): Promise<void>;
}

async function endingOf(work: Work): Promise<Ending> {
  const { current } = work.plan();
  try {
    if (current === null) return await begin(work);
    return await resume(work, current);
  } catch (error) {
    if (!(error instanceof EnvFileError) && !work.shop.isEnd(error)) throw error;
    return failure(`${whatIsLeft(work.plan().current)}${messageOf(error)}`, false);
  }
}

/** First, because reasons are cut at their end. */
function whatIsLeft(left: Deployment | null): string {
  if (left === null || holdsOldValues(left)) return "";
  const copy = left.backup === null ? "" : `, a copy from before is ${left.backup}`;
  return `new values may still stand in ${left.target}${copy}; `;
}

async function begin(work: Work): Promise<Ending> {
  for (let tries = 1; ; tries += 1) {
    try {
      const written = await withEnvLock(work.shop.target, work.shop.lock, () => write(work));
      return "reason" in written ? written : await confirm(work, written);
    } catch (error) {
      if (!(error instanceof ChangedMeanwhileError)) throw error;
      work.shop.log.info({ tries }, error.message);
      if (tries >= TRIES) throw new RetryableError("env_file_busy", `${error.message}, ${TRIES} times`);
    }
  }
}

/** Call with the lock held. */
async function write(work: Work): Promise<Deployment | Ending> {
  const { shop } = work;
  const found = await attempting(`read ${shop.target}`, () => readEnv(shop.target));
  refuseManyNames(shop.target);
  const edit = editOf(work, found);
  const barred = edit.edits.find(({ key }) => !mayBeSet(key, shop.config.allow));
  if (barred !== undefined) {
    return { ...failure(`${barred.key} is not on the allow-list any more`, false), together: true };
  }
  const deployment = deploymentOf(work, found, edit);
  const plan: DeployPlan = { ...work.plan(), current: deployment };
  if (isTooLong(plan))
    return { ...failure("its keys' old and new values are too long", false), together: true };
  await work.save(plan);
  crashPoint("deployer.planned");
  shop.lock.abort.throwIfAborted();
  const { backup, sha256Before } = deployment;
  if (backup !== null) {
    await attempting(`back up to ${backup}`, () => writeBackup(backup, found.bytes, shop.config.backupsMax));
  }
  crashPoint("deployer.backed-up");
  if (edit.text !== found.text || sha256Before === null) {
    await attempting(`write ${shop.target}`, () => replaceEnv(shop.target, edit.text, sha256Before));
  }
  crashPoint("deployer.written");
  return deployment;
}

function editOf(work: Work, found: ReadEnv): EnvEdit {
  const values = work.group.flatMap((index) => {
    const verdict = work.plan().judged[index]?.verdict;
    return verdict?.kind === "deploy" ? verdict.values : [];
  });
  try {
    return setKeys(found.text, values);
  } catch (error) {
    throw inFile(work.shop.target, error);
  }
}

function deploymentOf(work: Work, found: ReadEnv, edit: EnvEdit): Deployment {
  const { shop, group } = work;
  const changes = edit.text !== found.text;
  const backup =
    found.sha256 === null || !changes ? null : backupPath(shop.state, work.plan().at, found.sha256);
  return {
    winners: group,
    target: shop.target,
    backup,
    sha256Before: found.sha256,
    sha256After: sha256Hex(edit.text),
    edits: edit.edits,
    undoing: null,
  };
}

/** An earlier run stored this deployment and did not come to its end. */
async function resume(work: Work, deployment: Deployment): Promise<Ending> {
  if (deployment.undoing !== null) return undo(work, deployment, deployment.undoing, true);
  const { target, sha256After } = deployment;
  const found = await attempting(`read ${target}`, () => readEnv(target));
  const differing = keysThatDiffer(found.text, deployment.edits);
  const progress = differing.length === 0 ? "written" : holdsOldValues(deployment) ? "untouched" : "foreign";
  work.shop.log.info({ target, progress }, "resuming a deployment");
  if (progress === "untouched") return begin(work);
  if (progress === "foreign") {
    return undo(work, deployment, `somebody else set ${differing.join(", ")} meanwhile`, false);
  }
  // The run that renamed it into place may have died before the directory was on disk.
  if (hashOf(target) === sha256After) syncDirectory(dirname(realpathSync(target)));
  return confirm(work, deployment);
}

/** The values stand in the file: are they taken, and does the system work with them? */
async function confirm(work: Work, deployment: Deployment): Promise<Ending> {
  const { shop } = work;
  const misread = await differing(deployment);
  if (misread !== undefined) return undo(work, deployment, misread, false);
  if (deployment.sha256Before !== deployment.sha256After) {
    const reload = await runConfigured(shop, "reload");
    if (!reload.ok) return undo(work, deployment, reload.reason, true);
  }
  crashPoint("deployer.reloaded");
  const validation = await runConfigured(shop, "validation");
  if (!validation.ok) return undo(work, deployment, validation.reason, true);
  crashPoint("deployer.validated");
  const changed = await differing(deployment);
  if (changed !== undefined) return undo(work, deployment, changed, false);
  return { deployment, reason: "", rolledBack: false, together: false };
}

async function differing({ target, edits }: Deployment): Promise<string | undefined> {
  const { text } = await attempting(`read back ${target}`, () => readEnv(target));
  const keys = keysThatDiffer(text, edits);
  return keys.length === 0 ? undefined : `${keys.join(", ")} read back differently from what was written`;
}

async function undo(work: Work, deployment: Deployment, why: string, together: boolean): Promise<Ending> {
  const undoing: Deployment = { ...deployment, undoing: why };
  await work.save({ ...work.plan(), current: undoing });
  crashPoint("deployer.rolling-back");
  const back = await takeBack(work.shop, undoing);
  return { deployment: null, reason: `${why}; ${back.told}`, rolledBack: back.complete, together };
}

function failure(reason: string, rolledBack: boolean): Ending {
  return { deployment: null, reason, rolledBack, together: false };
}

/** The plan after a group has ended. Several that failed together are tried one by one: one of them may be the cause. */
function concluded(plan: DeployPlan, group: readonly number[], ending: Ending): DeployPlan {
  const rest = plan.steps.filter((step) => !step.some((index) => group.includes(index)));
  if (ending.deployment === null && ending.together && group.length > 1) {
    return { ...plan, current: null, steps: [...group.map((index) => [index]), ...rest] };
  }
  const outcomes = group.map((winner): Outcome => {
    const verdict = plan.judged[winner]?.verdict;
    const keys = verdict?.kind === "deploy" ? verdict.values.map(({ key }) => key) : [];
    const deployment = ending.deployment === null ? null : shareOf(ending.deployment, winner, keys);
    const { reason, rolledBack } = ending;
    return {
      winner,
      deployed: deployment !== null,
      reason: reason.slice(0, REASON_LENGTH_MAX),
      rolledBack,
      deployment,
    };
  });
  return { ...plan, current: null, steps: rest, outcomes: [...plan.outcomes, ...outcomes] };
}

const REASON_LENGTH_MAX = 300;
