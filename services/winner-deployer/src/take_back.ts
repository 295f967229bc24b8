/** Gives the keys of a deployment their old values again. Can be done twice: the second time finds nothing to do. */
import { crashPoint } from "@kloros/daemon";
import { RetryableError } from "@kloros/bus-client";
import { effective, parseEnv } from "./env_document.ts";
import { keysThatDiffer, restoreKeys } from "./env_edit.ts";
import type { EnvRestoration } from "./env_edit.ts";
import { ChangedMeanwhileError, EnvFileError, readEnv, replaceEnv, withEnvLock } from "./env_store.ts";
import type { ReadEnv } from "./env_store.ts";
import type { Deployment } from "./plan.ts";
import { runConfigured } from "./workshop.ts";
import type { Workshop } from "./workshop.ts";
import { attempting } from "./world_errors.ts";

export interface TakenBack {
  /** All keys have their old values. */
  readonly complete: boolean;
  readonly restored: readonly string[];
  /** What was done, in words. */
  readonly told: string;
}

const TRIES = 3;

/** Restores the file, then reloads. Throws a `RetryableError` when the file system or a lock stands in the way. */
export async function takeBack(shop: Workshop, deployment: Deployment): Promise<TakenBack> {
  let restored: TakenBack;
  try {
    restored = await restoreFile(shop, deployment);
  } catch (error) {
    if (!(error instanceof EnvFileError)) throw error;
    return { complete: false, restored: [], told: `it could not be taken back: ${error.message}` };
  }
  crashPoint("deployer.rolled-back");
  const reload = await runConfigured(shop, "reload");
  const after = reload.ok ? "" : `; reloading the old values failed: ${reload.reason}`;
  return { ...restored, told: `${restored.told}${after}` };
}

/** Whether the keys have the values from before the deployment. False also when that cannot be told. */
export function holdsOldValues({ target, edits }: Deployment): boolean {
  try {
    const document = parseEnv(readEnv(target).text);
    return edits.every(({ key, oldRaw }) => (effective(document, key)?.raw ?? null) === oldRaw);
  } catch {
    return false;
  }
}

/** Whether the keys have the values that the deployment wrote. False also when that cannot be told. */
export function holdsNewValues({ target, edits }: Pick<Deployment, "target" | "edits">): boolean {
  try {
    return keysThatDiffer(readEnv(target).text, edits).length === 0;
  } catch {
    return false;
  }
}

async function restoreFile(shop: Workshop, deployment: Deployment): Promise<TakenBack> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await withEnvLock(deployment.target, shop.lock, () => restore(deployment));
    } catch (error) {
      if (!(error instanceof ChangedMeanwhileError)) throw error;
      if (tries >= TRIES) throw new RetryableError("env_file_busy", `${error.message}, ${TRIES} times`);
    }
  }
}

async function restore(deployment: Deployment): Promise<TakenBack> {
  const { target, edits } = deployment;
  const found = await attempting(`read ${target}`, () => readEnv(target));
  const restoration = restoreKeys(found.text, edits);
  const content = contentOf(deployment, found, restoration);
  if (content !== undefined) {
    await attempting(`put back ${target}`, () => replaceEnv(target, content, found.sha256));
  }
  const { restored, foreign } = restoration;
  return { complete: foreign.length === 0, restored, told: tell(deployment, found, foreign) };
}

/** Undefined: nothing to write. Null: the file was not there before and goes. */
function contentOf(
  deployment: Deployment,
  found: ReadEnv,
  { text, restored }: EnvRestoration,
): string | null | undefined {
  if (deployment.sha256Before === null && text === "") return found.sha256 === null ? undefined : null;
  return restored.length === 0 ? undefined : text;
}

function tell(
  { target, sha256After, sha256Before }: Deployment,
  found: ReadEnv,
  foreign: readonly string[],
): string {
  if (foreign.length > 0) {
    return `of ${target}, ${foreign.join(", ")} was set by somebody else meanwhile and stays as it is; its other keys have their old values`;
  }
  if (found.sha256 === sha256Before) return `${target} has its old values`;
  if (found.sha256 === sha256After) return `${target} was put back as it was`;
  return `${target} was changed by somebody else meanwhile: only the keys that were set have their old values again`;
}
