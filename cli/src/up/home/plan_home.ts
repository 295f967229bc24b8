/** From what is there and what was asked for to what `up` does with it. Pure. */
import type { HomeKind, Mode } from "@kloros/daemon";
import { relative } from "node:path";

export interface Situation {
  readonly home: string;
  readonly kind: HomeKind;
  /** One phrase: why it is of that kind. */
  readonly why: string;
  readonly asked: { readonly act: boolean; readonly observe: boolean; readonly inPlace: boolean };
  /** The source tree that is meant, and whether somebody said so (a flag, a setting). */
  readonly source: string;
  readonly sourceGiven: boolean;
  readonly sourceExists: boolean;
  /** `<home>/src`, where copies and the example live. */
  readonly ownSource: string;
  readonly ownSourceExists: boolean;
  /** Where `<home>/src` was copied from, when it is a copy. */
  readonly copiedFrom: string | undefined;
}

export type SourcePlan =
  /** As it lies there. */
  | { readonly kind: "use"; readonly path: string }
  | { readonly kind: "seed"; readonly path: string }
  | { readonly kind: "copy"; readonly from: string; readonly path: string }
  | { readonly kind: "copied_before"; readonly from: string; readonly path: string };

export interface HomePlan {
  readonly mode: Mode;
  /** Why observe mode, when nobody asked for it. */
  readonly modeWhy: string | undefined;
  readonly createHome: boolean;
  readonly source: SourcePlan;
  /** False: nothing is written into the home; journal, sockets and logs go elsewhere. */
  readonly writesHome: boolean;
}

/** What cannot be done, with what to do about it. */
export class PlanError extends Error {
  override readonly name = "PlanError";
}

/** Throws `PlanError`. */
export function planHome(situation: Situation): HomePlan {
  const { kind, asked } = situation;
  const ours = kind === "own" || kind === "empty" || kind === "absent";
  const mode: Mode = asked.observe || (!ours && !asked.act) ? "observe" : "act";
  const writesHome = ours || mode === "act";
  const source = planSource(situation, mode, writesHome);
  return {
    mode,
    modeWhy:
      mode === "observe" && !asked.observe
        ? `this software did not create ${situation.home} (${situation.why})`
        : undefined,
    createHome: kind === "absent" || kind === "empty",
    source,
    writesHome,
  };
}

function planSource(situation: Situation, mode: Mode, writesHome: boolean): SourcePlan {
  const { source, sourceGiven, sourceExists, home, asked } = situation;
  if (!sourceExists) return missingSource(situation, sourceGiven, writesHome);
  const inside = isInside(source, home);
  // Nothing is written to a tree that is only observed: it can be looked at where it lies.
  if (inside || asked.inPlace || mode === "observe") return { kind: "use", path: source };
  return planCopy(situation);
}

function missingSource(situation: Situation, given: boolean, writesHome: boolean): SourcePlan {
  const { source, ownSource, ownSourceExists } = situation;
  if (!given && writesHome && source === ownSource && !ownSourceExists) {
    return { kind: "seed", path: ownSource };
  }
  throw new PlanError(`there is no source tree at ${source}; name the right directory with --source`);
}

function planCopy(situation: Situation): SourcePlan {
  const { source, ownSource, ownSourceExists, copiedFrom } = situation;
  if (!ownSourceExists) return { kind: "copy", from: source, path: ownSource };
  if (copiedFrom === source) return { kind: "copied_before", from: source, path: ownSource };
  const holds = copiedFrom === undefined ? "another source tree" : `a copy of ${copiedFrom}`;
  throw new PlanError(
    `${source} cannot be copied: ${ownSource} holds ${holds} already. ` +
      "Give another --home, remove that directory, or use the tree where it lies with --in-place",
  );
}

/** The directory itself counts. */
export function isInside(path: string, directory: string): boolean {
  const between = relative(directory, path);
  return between !== ".." && !between.startsWith("../") && !between.startsWith("/");
}
