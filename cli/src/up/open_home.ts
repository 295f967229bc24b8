/** Makes the home ready: looks, decides (`plan_home.ts`), creates, seeds or copies. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createHome, type Installation, locateInstallation, type Located, type Mode } from "@kloros/daemon";
import { copyTree, megabytes, type Copied } from "./copy/copy_tree.ts";
import { ProgressBar } from "./copy/progress_bar.ts";
import { readCopyNote } from "./home/copied_from.ts";
import { type HomePlan, planHome } from "./home/plan_home.ts";
import { scratchPlace } from "./home/scratch_place.ts";
import { seedExample } from "./home/seed_example.ts";
import { cloneRoot, isCompiled } from "./service_command.ts";
import type { UpOptions, UpWorld } from "./up_options.ts";
import type { View } from "./view/view.ts";

export interface OpenedHome {
  readonly paths: Installation;
  readonly mode: Mode;
  readonly plan: HomePlan;
  /** What the services get besides their own. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What was done, for the header. */
  readonly notes: readonly string[];
}

export interface OpenHomeContext {
  readonly world: UpWorld;
  readonly view: View;
  readonly version: string;
  readonly abort: AbortSignal;
}

/** Throws `PlanError`, `ConfigError`, or the file system's error with what was attempted. */
export async function openHome(options: UpOptions, context: OpenHomeContext): Promise<OpenedHome> {
  const { world, version } = context;
  const home = resolve(world.cwd, options.home ?? given(world.env["KLOROS_HOME"]) ?? defaultHome(world.cwd));
  const located = locate(home, options, world);
  const plan = planHome(lookAround(located, options, world));
  if (plan.createHome) {
    createHome(home, { version, nowMs: world.nowMs() });
  }
  const notes = plan.createHome ? [`created ${home}`] : [];
  notes.push(...(await provideSource(plan, located.paths, context)));
  const scratch = plan.writesHome ? undefined : scratchPlace(home, world.env);
  const env = scratch === undefined ? world.env : { ...world.env, KLOROS_STATE: join(scratch, "state") };
  const runtime = options.runtime ?? (scratch === undefined ? undefined : join(scratch, "run"));
  const found = locateInstallation({
    home,
    source: plan.source.path,
    ...(runtime === undefined ? {} : { runtime }),
    env,
    cwd: world.cwd,
  });
  const paths = scratch === undefined ? found.paths : { ...found.paths, logs: join(scratch, "logs") };
  const flags = ["--home", home, "--source", paths.source, "--runtime", paths.runtime, `--${plan.mode}`];
  return { paths, mode: plan.mode, plan, flags, env, notes };
}

function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** In the clone, so that nothing outside it is touched; beside the caller for a compiled program. */
function defaultHome(cwd: string): string {
  return join(isCompiled() ? cwd : cloneRoot(), ".kloros");
}

function locate(home: string, options: UpOptions, world: UpWorld): Located {
  const source = options.source === undefined ? {} : { source: resolve(world.cwd, options.source) };
  return locateInstallation({ home, ...source, env: world.env, cwd: world.cwd });
}

function lookAround({ paths, inspection, common }: Located, options: UpOptions, world: UpWorld) {
  const ownSource = join(paths.home, "src");
  const note = readCopyNote(ownSource);
  const given = options.source !== undefined || common.source !== "";
  // A home whose tree was copied once is opened with it when nothing else is said.
  const source = given ? resolve(world.cwd, paths.source) : existsSync(ownSource) ? ownSource : paths.source;
  return {
    home: paths.home,
    kind: inspection.kind,
    why: inspection.why,
    asked: { act: options.act, observe: options.observe, inPlace: options.inPlace },
    source,
    sourceGiven: given,
    sourceExists: existsSync(source),
    ownSource,
    ownSourceExists: existsSync(ownSource),
    copiedFrom: note?.from,
  };
}

async function provideSource(
  plan: HomePlan,
  paths: Installation,
  context: OpenHomeContext,
): Promise<readonly string[]> {
  const { source } = plan;
  if (source.kind === "use") return [];
  if (source.kind === "copy") return copySource(source.from, source.path, context);
  if (source.kind === "copied_before") {
    const when = readCopyNote(source.path)?.copiedAt ?? "before";
    return [
      `${source.from} was copied ${when} and is not copied again; remove ${source.path} to have a new copy`,
    ];
  }
  const { files, intents, promotions } = seedExample(
    { ...paths, source: source.path },
    context.world.nowMs(),
  );
  const waiting = `${intents} intents, ${promotions} ${promotions === 1 ? "promotion" : "promotions"}`;
  return [`seeded an example: ${files} files in ${source.path}, ${waiting}`];
}

async function copySource(from: string, to: string, context: OpenHomeContext): Promise<readonly string[]> {
  const { world, view, abort } = context;
  view.note(`copying ${from} to ${to} (links, .git, virtual environments and caches are left out)`);
  mkdirSync(dirname(to), { recursive: true });
  const bar = new ProgressBar({
    terminal: world.terminal && view.mode === "lines",
    columns: world.columns(),
    write: (text) => {
      if (view.mode === "lines") world.write(text);
      else view.note(text.trim());
    },
    nowMs: world.nowMs,
  });
  try {
    const copied = await copyTree(from, to, {
      abort,
      nowMs: world.nowMs,
      onProgress: (progress) => {
        bar.show(progress);
      },
    });
    bar.end();
    for (const failure of copied.failed) view.problem(`not copied: ${failure}`);
    return describeCopy(from, to, copied);
  } finally {
    bar.end();
  }
}

function describeCopy(from: string, to: string, copied: Copied): readonly string[] {
  const { directories, links, special, unreadable, examples } = copied.leftOut;
  const resumed = copied.resumed === 0 ? "" : `, ${copied.resumed} of them from a copy that was interrupted`;
  const left = [
    `${directories} directories`,
    `${links} links`,
    ...(special === 0 ? [] : [`${special} special files`]),
    ...(unreadable === 0 ? [] : [`${unreadable} that cannot be read (${examples.join("; ")})`]),
  ];
  return [
    `copied ${from} to ${to}: ${copied.files} files, ${megabytes(copied.bytes)}${resumed}; left out: ${left.join(", ")}`,
  ];
}
