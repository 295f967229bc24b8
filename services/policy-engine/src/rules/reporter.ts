/** How checks of a file tell what they find. */
import { nearestName } from "@kloros/daemon";
import type { Place, YamlPath } from "./yaml_places.ts";

/** Tells a problem at a path of the file. */
export interface Reporter {
  at(path: YamlPath, text: string, remedy: string): void;
  atKey(path: YamlPath, text: string, remedy: string): void;
  /** At a position of a text that stands in the file. */
  inside(path: YamlPath, place: Place, text: string, remedy: string): void;
}

/** `; did you mean x?`, or what there is. */
export function meant(typed: string, candidates: readonly string[]): string {
  const nearest = nearestName(typed, candidates);
  return nearest === undefined ? `there is ${candidates.join(", ")}` : `did you mean ${nearest}?`;
}
