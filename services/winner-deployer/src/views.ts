/** Files that show what is remembered, for people and existing tools; written anew whenever they differ. */
import { errorCode, redact, writeFileAtomic } from "@kloros/daemon";
import { mkdirSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { winnersFileOf } from "./list_winners.ts";
import { deployedHashes, recordOf } from "./memory.ts";
import type { Memory, Remembered } from "./memory.ts";
import type { WinnersFile } from "./winner_record.ts";
import { attempting } from "./world_errors.ts";

/** A value whose key looks secret is not shown. */
function hide(key: string, value: string): string {
  const { [key]: shown } = redact({ [key]: value }) as Record<string, unknown>;
  return String(shown);
}

export async function writeWinnersFile(state: string, memory: Memory): Promise<void> {
  const content: WinnersFile = {
    schema: "kloros-winners/1",
    winners: memory.winners.map((one) => recordOf(one, hide)),
  };
  const file = winnersFileOf(state);
  await writeIfOther(file, `${JSON.stringify(content, null, 2)}\n`, 0o600);
}

/** The existing tools' state file: `deployed_hashes` and `last_updated`; other keys that stand there stay. */
export interface DeployedView {
  readonly content: Readonly<Record<string, unknown>>;
  readonly hashes: readonly string[];
  /** What was there cannot be read: it is kept beside. */
  readonly damaged: boolean;
}

export async function readDeployedView(file: string): Promise<DeployedView> {
  const text = await attempting(`read ${file}`, () => readIfThere(file));
  if (text === undefined) return { content: {}, hashes: [], damaged: false };
  try {
    const content = JSON.parse(text) as Record<string, unknown> | null;
    if (typeof content === "object" && content !== null && !Array.isArray(content)) {
      const listed: unknown = content["deployed_hashes"];
      const hashes = Array.isArray(listed)
        ? listed.filter((one): one is string => typeof one === "string" && one.length <= HASH_LENGTH_MAX)
        : [];
      return { content, hashes, damaged: false };
    }
  } catch {
    // Told by `damaged`.
  }
  return { content: {}, hashes: [], damaged: true };
}

const HASH_LENGTH_MAX = 128;

/** `last_updated` changes with the content only. */
export async function writeDeployedView(
  file: string,
  memory: Memory,
  options: { readonly nowIso: string },
): Promise<void> {
  const { content, hashes, damaged } = await readDeployedView(file);
  const wanted = deployedHashes(memory);
  if (hashes.length === wanted.length && wanted.every((hash, n) => hash === hashes[n])) return;
  if (damaged) {
    const damagedText = readFileSync(file);
    await attempting(`keep ${file}`, () => writeFileAtomic(`${file}.damaged`, damagedText));
  }
  const next = { ...content, deployed_hashes: wanted, last_updated: options.nowIso };
  await writeIfOther(file, `${JSON.stringify(next, null, 2)}\n`, 0o644);
}

export interface Ack {
  readonly promotion_id: string;
  /** Unix seconds. */
  readonly applied_at: number;
  readonly status: "applied" | "blocked" | "failed";
  readonly changes: Readonly<Record<string, { readonly old: string | null; readonly new: string }>>;
  readonly reason?: string;
}

/** How the winner stands, in the shape of existing acknowledgements. */
export async function writeAck(artifacts: string, winner: Remembered): Promise<void> {
  const id = ackId(winner);
  const status = winner.state === "deployed" ? "applied" : winner.state === "failed" ? "failed" : "blocked";
  const changes = winner.keys.map(({ key, old, new: value }) => [
    key,
    { old: old === null ? null : hide(key, old), new: hide(key, value) },
  ]);
  const ack: Ack = {
    promotion_id: id,
    applied_at: Math.floor(Date.parse(winner.when) / 1000),
    status,
    changes: Object.fromEntries(status === "applied" ? changes : []) as Ack["changes"],
    ...(status === "applied" ? {} : { reason: winner.reason }),
  };
  await writeIfOther(
    join(artifacts, "promotions_ack", `${id}.ack.json`),
    `${JSON.stringify(ack, null, 2)}\n`,
    0o644,
  );
}

const ID_LENGTH_MAX = 200;

/** `<experiment>_<hash>`; a name that is no plain file name is made one, and told apart by a hash of itself. */
export function ackId({ experiment, hash }: { readonly experiment: string; readonly hash: string }): string {
  const id = `${experiment}_${hash}`;
  if (/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(id) && id.length <= ID_LENGTH_MAX) return id;
  const plain = id.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, ID_LENGTH_MAX - 13);
  return `${plain}_${createHash("sha256").update(id).digest("hex").slice(0, 12)}`;
}

async function writeIfOther(file: string, text: string, mode: number): Promise<void> {
  await attempting(`write ${file}`, async () => {
    if (readIfThere(file) === text) return;
    mkdirSync(dirname(file), { recursive: true });
    await writeFileAtomic(file, text, { mode });
  });
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
