import type { Figure, Ratio } from "../bench.ts";
import { median } from "./statistics.ts";

export interface Comparison {
  readonly what: string;
  readonly subject: string;
  readonly peer: string;
  readonly wanted?: Ratio["wanted"];
}

/** subject ÷ peer of the medians; nothing when one of them was not measured. */
export function compare(
  figures: readonly Figure[],
  { what, subject, peer, wanted }: Comparison,
): readonly Ratio[] {
  const valueOf = (name: string): number | undefined => {
    const figure = figures.find((one) => one.subject === name && one.what === what);
    return figure === undefined ? undefined : median(figure.values);
  };
  const [ours, theirs] = [valueOf(subject), valueOf(peer)];
  if (ours === undefined || theirs === undefined || theirs === 0) return [];
  const text = `${what}: ${subject} ÷ ${peer}`;
  return [{ text, value: ours / theirs, ...(wanted === undefined ? {} : { wanted }) }];
}
