/** What `up` says first: which software, where it works and writes, how to end it. */
import { lookCommand } from "./look_command.ts";
import type { OpenedHome } from "./open_home.ts";
import type { UpOptions } from "./up_options.ts";
import type { View } from "./view/view.ts";

export function showHeader(view: View, home: OpenedHome, options: UpOptions, version: string): void {
  const { paths, plan, notes } = home;
  if (view.mode === "json") {
    view.note("start", {
      version,
      bun: Bun.version,
      mode: home.mode,
      mode_why: plan.modeWhy,
      notes,
      ...placesOf(home),
    });
    return;
  }
  const { strong, faint, warn } = view.palette;
  view.note(strong(`KLoROS ${version}, Bun ${Bun.version}`));
  for (const [name, place] of Object.entries(placesOf(home))) view.note(`${faint(name.padEnd(9))} ${place}`);
  for (const note of notes) view.note(`${faint("done".padEnd(9))} ${note}`);
  if (home.mode === "observe") view.note(warn(observing(home)));
  if (plan.writesHome && !paths.source.startsWith(`${paths.home}/`) && home.mode === "act") {
    view.note(warn(`in place: what is found is entered into ${paths.registry}`));
  }
  view.note(
    faint(
      options.once
        ? "ends when the flow has come to rest; Ctrl-C ends it sooner"
        : `Ctrl-C ends it; from another terminal: ${lookCommand(paths)}`,
    ),
  );
  view.note("");
}

function observing({ plan, mode }: OpenedHome): string {
  const why = plan.modeWhy === undefined ? "as asked" : plan.modeWhy;
  const more = plan.modeWhy === undefined || mode === "act" ? "" : "; --act lets the services act";
  return `observe mode (${why}): decisions are shown, nothing is changed${more}`;
}

function placesOf({ paths }: OpenedHome): Readonly<Record<string, string>> {
  return {
    home: paths.home,
    source: paths.source,
    registry: paths.registry,
    journal: paths.journal,
    sockets: paths.runtime,
    logs: paths.logs,
  };
}
