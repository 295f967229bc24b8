/** Many losses of power in one recording, each judged. */
import { choicesOf } from "@kloros/signal-schema/testing";
import { Disk } from "./disk.ts";
import { type JudgeOptions, judge, writeImage } from "./judge.ts";
import { cutsOf, lossOf } from "./loss.ts";
import type { Promised } from "./promised.ts";
import type { Recording } from "./recorder.ts";

export interface Figures {
  images: number;
  started: number;
  refused: number;
  /** Images of which something promised did not hold, with how to have it again. */
  readonly broken: string[];
}

export interface CampaignOptions {
  readonly images: number;
  readonly seed: number;
  /** Where each image is put, in turn. */
  readonly place: string;
  /** Promised before the recording began. */
  readonly promised: Promised;
  readonly expect?: Pick<JudgeOptions, "damaged" | "versionOne">;
}

export async function loseThePower(recording: Recording, options: CampaignOptions): Promise<Figures> {
  const { images, seed, place, expect = {} } = options;
  const figures: Figures = { images: 0, started: 0, refused: 0, broken: [] };
  const disk = new Disk(recording.before);
  const promised = options.promised.copy();
  let done = 0;
  for (const cut of cutsOf(recording.records, images, seed)) {
    for (; done < cut.at; done++) {
      const record = recording.records[done];
      if (record === undefined) break;
      disk.take(record);
      promised.take(record);
    }
    const choices = choicesOf(cut.seed);
    writeImage(place, disk.after(lossOf(choices)), choices);
    const { start, broken } = await judge(place, promised, { choices, ...expect }).catch(
      (error: unknown) => ({
        start: "refused" as const,
        broken: [error instanceof Error ? String(error.stack) : String(error)],
      }),
    );
    figures.images += 1;
    figures[start] += 1;
    if (broken.length > 0)
      figures.broken.push(
        `after record ${String(cut.at)}, image ${String(cut.seed)}: ${broken.slice(0, 5).join("; ")}`,
      );
  }
  return figures;
}
