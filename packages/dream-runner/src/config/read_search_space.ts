/** `search_space`: lists of values, ranges, or one fixed value a parameter. */
import type { Static } from "@sinclair/typebox";
import type { FileProblem } from "../file_problem.ts";
import { pythonFloat } from "../json/python_json.ts";
import type { ParameterValue } from "../types.ts";
import { checkShape, pathText, shown } from "./check_shape.ts";
import type { Choice, SearchParameter } from "./dream_config.ts";
import { ParameterRange } from "./dream_schema.ts";
import type { YamlPath, YamlPlaces } from "./yaml_places.ts";

const CHOICES_MAX = 100_001;
const PARAMETERS_MAX = 1000;
/** Points of a range of floats without a step. */
const DEFAULT_POINTS = 1001;
/** Enough to tell neighbours apart, few enough to hide what adding up steps leaves behind (0.30000000000000004). */
const SIGNIFICANT_DIGITS = 12;

export function readSearchSpace(
  places: YamlPlaces,
  space: Readonly<Record<string, unknown>>,
  path: YamlPath,
): { readonly parameters: readonly SearchParameter[]; readonly problems: readonly FileProblem[] } {
  const problems: FileProblem[] = [];
  const parameters: SearchParameter[] = [];
  const entries = Object.entries(space);
  if (entries.length === 0 || entries.length > PARAMETERS_MAX) {
    const remedy = `give it 1 to ${String(PARAMETERS_MAX)} parameters: {PARAMETER: [VALUE, …]}`;
    problems.push(places.problem(path, `${pathText(path)} has ${String(entries.length)} parameters`, remedy));
  }
  for (const [name, value] of entries) {
    const found = readParameter(places, value, [...path, name]);
    if (Array.isArray(found)) problems.push(...found);
    else parameters.push({ name, ...found });
  }
  return { parameters, problems };
}

function readParameter(
  places: YamlPlaces,
  value: unknown,
  path: YamlPath,
): Omit<SearchParameter, "name"> | FileProblem[] {
  if (Array.isArray(value)) return readList(places, value, path);
  if (typeof value === "object" && value !== null && !(value instanceof Date))
    return readRange(places, value, path);
  return readList(places, [value], path, () => path);
}

function readList(
  places: YamlPlaces,
  values: readonly unknown[],
  path: YamlPath,
  place: (index: number) => YamlPath = (index) => [...path, index],
): Omit<SearchParameter, "name"> | FileProblem[] {
  const remedy = "write a list of numbers, texts, true or false, null, or lists of those";
  if (values.length === 0 || values.length > CHOICES_MAX) {
    return [places.problem(path, `${pathText(path)} has ${String(values.length)} values`, remedy)];
  }
  const choices: Choice[] = [];
  const problems: FileProblem[] = [];
  const seen = new Set<string>();
  values.forEach((value, index) => {
    const choice = readChoice(places, value, place(index));
    if (choice === undefined) {
      problems.push(places.problem(place(index), `${pathText(place(index))} is ${shown(value)}`, remedy));
    } else if (!seen.has(choice.text)) {
      seen.add(choice.text);
      choices.push(choice);
    }
  });
  return problems.length > 0 ? problems : ordered(choices);
}

function ordered(choices: readonly Choice[]): Omit<SearchParameter, "name"> {
  const isOrdered = choices.every(({ value }) => typeof value === "number");
  const sorted = isOrdered ? choices.toSorted((a, b) => Number(a.value) - Number(b.value)) : choices;
  return { choices: sorted, isOrdered };
}

function readChoice(places: YamlPlaces, value: unknown, path: YamlPath): Choice | undefined {
  if (typeof value === "number") {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
      return undefined;
    const isFloat = !Number.isInteger(value) || /[.]|^[^xX]*[eE]/.test(places.source(path) ?? "");
    return { value, text: isFloat ? pythonFloat(value) : String(value) };
  }
  if (typeof value === "string" || typeof value === "boolean" || value === null) {
    return { value, text: JSON.stringify(value) };
  }
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item, index) => readChoice(places, item, [...path, index]));
  if (items.some((item) => item === undefined)) return undefined;
  const known = items as readonly Choice[];
  return {
    value: known.map((item): ParameterValue => item.value),
    text: `[${known.map((item) => item.text).join(", ")}]`,
  };
}

function readRange(
  places: YamlPlaces,
  value: object,
  path: YamlPath,
): Omit<SearchParameter, "name"> | FileProblem[] {
  const problems = checkShape(places, ParameterRange, value, path);
  if (problems.length > 0) return problems;
  const range = value as Static<typeof ParameterRange>;
  const fail = (problem: string, remedy: string) => [
    places.problem(path, `${pathText(path)} ${problem}`, remedy),
  ];
  if (range.min > range.max)
    return fail(`has min ${String(range.min)} above max ${String(range.max)}`, "swap them");
  if (range.log === true && range.min <= 0)
    return fail("is logarithmic from 0 or below", "begin above 0, or leave log out");
  const isFloat = range.type === undefined ? looksFloat(places, range, path) : range.type === "float";
  if (pointsOf(range, isFloat) > CHOICES_MAX) {
    return fail(`has more than ${String(CHOICES_MAX)} values`, "make its step larger");
  }
  const numbers = range.log === true ? logPoints(range, isFloat) : linearPoints(range, isFloat);
  const choices = [...new Set(numbers)].map((number): Choice => ({
    value: number,
    text: isFloat ? pythonFloat(number) : String(number),
  }));
  if (choices.length === 0) return fail("holds no whole number", "widen it, or write type: float");
  return { choices, isOrdered: true };
}

type Range = Static<typeof ParameterRange>;

function looksFloat(places: YamlPlaces, range: Range, path: YamlPath): boolean {
  return (["min", "max", "step"] as const).some((key) => {
    const number = range[key];
    return (
      number !== undefined && (!Number.isInteger(number) || /[.]/.test(places.source([...path, key]) ?? ""))
    );
  });
}

function pointsOf(range: Range, isFloat: boolean): number {
  if (range.log === true) return DEFAULT_POINTS;
  if (range.step === undefined && isFloat) return DEFAULT_POINTS;
  return Math.floor((range.max - range.min) / (range.step ?? 1)) + 1;
}

function linearPoints(range: Range, isFloat: boolean): number[] {
  const step = range.step ?? (isFloat ? (range.max - range.min) / (DEFAULT_POINTS - 1) : 1);
  if (step === 0) return [range.min];
  // A step that goes evenly into the range reaches its end in spite of rounding.
  const count = Math.floor((range.max - range.min) / step + 1e-9) + 1;
  return points(count, range, isFloat, (index) => range.min + index * step);
}

function logPoints(range: Range, isFloat: boolean): number[] {
  const ratio = Math.log(range.max / range.min) / (DEFAULT_POINTS - 1);
  return points(DEFAULT_POINTS, range, isFloat, (index) => range.min * Math.exp(index * ratio));
}

function points(count: number, range: Range, isFloat: boolean, at: (index: number) => number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const value = Number(at(index).toPrecision(SIGNIFICANT_DIGITS));
    return isFloat ? value : Math.round(value);
  }).filter((value) => value >= range.min && value <= range.max);
}
