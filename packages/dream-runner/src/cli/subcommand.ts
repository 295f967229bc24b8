import type { DreamCliSurroundings } from "./surroundings.ts";

export interface SubcommandOptions {
  readonly surroundings: DreamCliSurroundings;
  /** Says how the program ends. */
  readonly done: (exitCode: number) => void;
}
