/**
 * The configuration of one service, read once: defaults < /etc/kloros/kloros.toml < <home>/kloros.toml < --config FILE
 * < environment < flags. A record or a list is replaced as a whole by a later source, never merged.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Static, TObject } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { inspectHome } from "../home.ts";
import { CommonConfig, type CommonSettings } from "./kloros_section.ts";
import { COMMON_SECTION, fieldsOf, type Field } from "./field.ts";
import { describeAllowed, readFieldValue } from "./field_value.ts";
import type { Flags } from "./flags.ts";
import { ConfigError, showValue, type ConfigProblem } from "./problem.ts";
import {
  settingsFromAssignments,
  settingsFromEnvironment,
  settingsFromFile,
  type Sections,
  type Setting,
  type Settings,
} from "./settings.ts";
import { REDACTED } from "../secret_names.ts";

const SYSTEM_CONFIG_FILE = "/etc/kloros/kloros.toml";
/** Where the original system lives. */
const LEGACY_HOME = "/home/kloros/.kloros";

export interface LoadConfigRequest<Config extends TObject> {
  /** Name of the service, = name of its section. */
  readonly service: string;
  readonly schema: Config;
  readonly flags: Flags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Default `SYSTEM_CONFIG_FILE`. */
  readonly systemFile?: string;
}

export interface EffectiveSetting {
  readonly section: string;
  readonly field: Field;
  readonly value: unknown;
  /** `default` or where it was said. */
  readonly origin: string;
}

export interface LoadedConfig<Config extends TObject> {
  readonly home: string;
  readonly common: CommonSettings;
  readonly service: Static<Config>;
  /** All settings in the order of the schemas, for `--print-config`. */
  readonly effective: readonly EffectiveSetting[];
}

/** Throws `ConfigError` with every problem of every source. */
export function loadConfig<Config extends TObject>(request: LoadConfigRequest<Config>): LoadedConfig<Config> {
  const sections: Sections = { [COMMON_SECTION]: CommonConfig, [request.service]: request.schema };
  const { flags, env, cwd } = request;
  const system = settingsFromFile(request.systemFile ?? SYSTEM_CONFIG_FILE, sections, false);
  const named =
    flags.config === undefined ? NOTHING : settingsFromFile(resolve(cwd, flags.config), sections, true);
  const late = [
    named,
    settingsFromEnvironment(env, sections),
    commonFlags(flags),
    settingsFromAssignments(flags.assignments, sections, request.service),
  ];
  const home = chooseHome([system, ...late], cwd);
  const ofHome = settingsFromFile(join(home, "kloros.toml"), sections, false);
  const sources = [system, ofHome, ...late];
  const merged = merge(sections, sources);
  const problems = [
    ...sources.flatMap((one) => one.problems),
    ...homeMoved(ofHome, home),
    ...merged.problems,
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return result(request, home, merged.effective);
}

const NOTHING: Settings = { found: [], problems: [] };

function result<Config extends TObject>(
  request: LoadConfigRequest<Config>,
  home: string,
  effective: readonly EffectiveSetting[],
): LoadedConfig<Config> {
  const common = Value.Decode(CommonConfig, assemble(effective, COMMON_SECTION));
  const service = Value.Decode<Config, Static<Config>>(request.schema, assemble(effective, request.service));
  const shown = effective.map((one) =>
    one.section === COMMON_SECTION && one.field.key === "home" ? { ...one, value: home } : one,
  );
  return { home, common: { ...common, home }, service, effective: shown };
}

function commonFlags(flags: Flags): Settings {
  const fields = fieldsOf(CommonConfig);
  const given = { home: flags.home, source: flags.source, runtime: flags.runtime, logLevel: flags.logLevel };
  const found = Object.entries({ ...given, mode: flags.mode }).flatMap(([key, raw]): Setting[] => {
    const field = fields.find((one) => one.key === key);
    if (raw === undefined || field === undefined) return [];
    const flag = key === "mode" ? `flag --${raw}` : `flag --${key === "logLevel" ? "log-level" : key}`;
    return [{ section: COMMON_SECTION, field, raw, kind: "text", origin: flag }];
  });
  return { found, problems: [] };
}

/**
 * What was said last; else `./.kloros` if this software made it, else the place of the original system if it is there,
 * else `./.kloros`.
 */
function chooseHome(sources: readonly Settings[], cwd: string): string {
  const said = sources
    .flatMap((one) => one.found)
    .findLast(
      ({ section, field, raw }) => section === COMMON_SECTION && field.key === "home" && raw !== "",
    )?.raw;
  if (typeof said === "string") return resolve(cwd, said);
  const here = resolve(cwd, ".kloros");
  const ours = existsSync(here) && inspectHome(here).kind === "own";
  return !ours && existsSync(LEGACY_HOME) ? LEGACY_HOME : here;
}

/** A home's own file cannot send the reader to another home. */
function homeMoved(ofHome: Settings, home: string): readonly ConfigProblem[] {
  return ofHome.found
    .filter(({ section, field, raw }) => {
      return section === COMMON_SECTION && field.key === "home" && raw !== "" && raw !== home;
    })
    .map(({ origin, raw }) => ({
      where: origin,
      key: "[kloros] home",
      value: showValue(raw),
      problem: `contradicts the home that this file lies in, ${home}`,
      allowed: `nothing, or ${showValue(home)}`,
    }));
}

interface Merged {
  readonly effective: readonly EffectiveSetting[];
  readonly problems: readonly ConfigProblem[];
}

/** Also a value that a later source overrides must be right: it would take over the day that one goes. */
function merge(sections: Sections, sources: readonly Settings[]): Merged {
  const values = new Map<string, { value: unknown; origin: string }>();
  const problems: ConfigProblem[] = [];
  for (const { section, field, raw, kind, origin } of sources.flatMap((one) => one.found)) {
    const read = readFieldValue(field, raw, kind);
    if (read.ok) values.set(`${section} ${field.key}`, { value: read.value, origin });
    else {
      const key = `[${section}] ${field.key}`;
      const value = field.secret ? REDACTED : showValue(raw);
      problems.push({ where: origin, key, value, problem: read.problem, allowed: describeAllowed(field) });
    }
  }
  const effective: EffectiveSetting[] = [];
  for (const [section, schema] of Object.entries(sections)) {
    for (const field of fieldsOf(schema)) {
      const said = values.get(`${section} ${field.key}`);
      const setting = said ?? { value: defaultOf(field), origin: "default" };
      if (setting.value !== undefined || isOptional(schema, field))
        effective.push({ section, field, ...setting });
      else if (!mentioned(sources, section, field)) problems.push(missing(section, field));
    }
  }
  return { effective, problems };
}

function mentioned(sources: readonly Settings[], section: string, field: Field): boolean {
  return sources.some((one) =>
    one.found.some((had) => had.section === section && had.field.key === field.key),
  );
}

function defaultOf(field: Field): unknown {
  const value: unknown = field.schema.default;
  return typeof value === "function" ? (value as () => unknown)() : structuredClone(value);
}

function isOptional(schema: TObject, field: Field): boolean {
  const parent = field.path
    .slice(0, -1)
    .reduce<TObject>((at, name) => at.properties[name] as TObject, schema);
  return !(parent.required ?? []).includes(field.path.at(-1) ?? "");
}

function missing(section: string, field: Field): ConfigProblem {
  const key = `[${section}] ${field.key}`;
  return { where: "no source", key, problem: "needs a value", allowed: describeAllowed(field) };
}

function assemble(effective: readonly EffectiveSetting[], section: string): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { field, value } of effective.filter((one) => one.section === section)) {
    if (value === undefined) continue;
    let at = root;
    for (const name of field.path.slice(0, -1)) {
      at[name] ??= {};
      at = at[name] as Record<string, unknown>;
    }
    at[field.path.at(-1) ?? ""] = value;
  }
  return root;
}
