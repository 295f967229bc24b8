/** What is installed, compared with what should be. Looks, changes nothing. */
import { basename } from "node:path";
import { type Check, checkRelease } from "../release/check_release.ts";
import { askRelease } from "../release/release_description.ts";
import { type Release, ReleaseStore } from "../release/release_store.ts";
import type { Systemctl } from "../systemctl.ts";
import type { InstallPlace } from "./choose_place.ts";
import { findFiles } from "./plan_install.ts";
import type { FoundFile } from "./planned_file.ts";
import { runningServices } from "./running_services.ts";
import { diffLines } from "./text_diff.ts";
import { dropInNotes } from "./drop_in_notes.ts";

export interface VerifyReport {
  readonly ok: boolean;
  /** Id of what should run; null: no release is current. */
  readonly release: string | null;
  readonly checked: number;
  readonly problems: readonly string[];
  /** What puts it right. */
  readonly mend: string;
  /** Worth knowing, and nobody's mistake. */
  readonly notes: readonly string[];
}

/** Throws `Failure` when the installed program does not run. */
export async function verifyInstallation(
  place: InstallPlace,
  systemctl: Systemctl | undefined,
): Promise<VerifyReport> {
  const store = new ReleaseStore(place.base);
  const id = store.named("current");
  const release = id === undefined ? undefined : store.read(id);
  if (id === undefined || release === undefined) {
    const problem =
      id === undefined
        ? `${place.base}/current is not there`
        : `${store.directoryOf(id)} is no whole release`;
    return { ok: false, release: id ?? null, checked: 1, problems: [problem], mend: MEND, notes: [] };
  }
  const checks: Check[] = [...(await checkRelease(store, release))];
  if (checks.some(({ problem }) => problem !== undefined)) return report(release, checks, []);
  const description = await askRelease(store.programOf(id), place.layout);
  const { units } = description;
  checks.push(...findFiles(place, description).map(fileCheck));
  const unitFiles = units.filter(({ path }) => /\.(service|target)$/.test(path));
  const dropIns = dropInNotes(
    unitFiles.map(({ path }) => path),
    place.root,
  );
  if (systemctl === undefined) return report(release, checks, dropIns);
  const names = units.map(({ path }) => basename(path));
  const asked = await askManager(systemctl, names, { program: store.programOf(id), id });
  return report(release, [...checks, ...asked.checks], [...dropIns, ...asked.notes]);
}

const MEND = "`kloros install` writes its files anew";

function report({ id }: Release, checks: readonly Check[], notes: readonly string[]): VerifyReport {
  const problems = checks.flatMap(({ problem }) => problem ?? []);
  return { ok: problems.length === 0, release: id, checked: checks.length, problems, mend: MEND, notes };
}

function fileCheck({ planned, state, before, differs }: FoundFile): Check {
  if (state === "same" || state === "kept") return { problem: undefined };
  if (state === "new") return { problem: `${planned.path} is not there: ${planned.why}` };
  const text = before === undefined || planned.kind !== "file" ? [] : diffLines(planned.text, before);
  return {
    problem: [
      `${planned.path} ${[...differs, ...(text.length === 0 ? [] : ["has another text:"])].join(", ")}`,
      ...text,
    ].join("\n    "),
  };
}

export async function askManager(
  systemctl: Systemctl,
  units: readonly string[],
  { program, id }: { readonly program: string; readonly id: string },
): Promise<{ checks: Check[]; notes: readonly string[] }> {
  const names = units.filter((name) => name.endsWith(".service"));
  const services = await runningServices(systemctl, names);
  const running = services.map(({ unit, executable, replaced, state }): Check => {
    if (state === "failed") return { problem: `${unit} has failed; systemctl status ${unit} says why` };
    // What is being started may not have become its program yet.
    const runs = executable !== undefined && state !== "activating";
    const other = runs && (executable !== program || replaced);
    return {
      problem: other
        ? `${unit} runs ${executable}${replaced ? " as it was before" : ""}, not ${id}; systemctl restart ${unit}`
        : undefined,
    };
  });
  const stale = services.filter(({ needsReload }) => needsReload).map(({ unit }) => unit);
  const target = await systemctl.isEnabled("kloros.target");
  const atRest = services.filter(({ state }) => state === "inactive").map(({ unit }) => unit);
  return {
    checks: [
      ...running,
      {
        problem:
          stale.length === 0
            ? undefined
            : `systemd has not read ${stale.join(", ")} since it changed; systemctl daemon-reload`,
      },
      { problem: /^(masked|not-found|bad)/.test(target) ? `kloros.target is ${target}` : undefined },
    ],
    notes: [
      ...(target === "enabled"
        ? []
        : [`kloros.target is ${target}: it does not start at boot (systemctl enable kloros.target)`]),
      ...(atRest.length === 0 ? [] : [`not running: ${atRest.join(", ")}`]),
    ],
  };
}
