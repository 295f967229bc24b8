/** How fast a value grows: least squares over means of blocks, with a 95 % confidence interval. */

export interface Slope {
  readonly perHour: number;
  /** Half the width of the 95 % confidence interval. */
  readonly plusMinus: number;
  readonly blocks: number;
}

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

const HOUR_MS = 3_600_000;
/** Student's t, two-sided 95 %, for 1, 2, … degrees of freedom; beyond the last the normal value plus what is left. */
const T = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13];
const t = (degrees: number): number => T[degrees - 1] ?? 1.96 + 2.5 / degrees;

/** Neighbouring samples depend on each other, and retention makes a sawtooth: so means of blocks of `blockMs` are what is fitted. */
export function slopeOf(points: readonly Point[], blockMs: number): Slope {
  const blocks = [...Map.groupBy(points, ({ atMs }) => Math.floor(atMs / blockMs)).values()].map((block) => ({
    x: mean(block.map(({ atMs }) => atMs)) / HOUR_MS,
    y: mean(block.map(({ value }) => value)),
  }));
  const [mx, my] = [mean(blocks.map(({ x }) => x)), mean(blocks.map(({ y }) => y))];
  const sxx = sum(blocks.map(({ x }) => (x - mx) ** 2));
  const perHour = sxx === 0 ? 0 : sum(blocks.map(({ x, y }) => (x - mx) * (y - my))) / sxx;
  const rest = sum(blocks.map(({ x, y }) => (y - my - perHour * (x - mx)) ** 2));
  const degrees = blocks.length - 2;
  const plusMinus = degrees < 1 ? Infinity : t(degrees) * Math.sqrt(rest / degrees / sxx);
  return { perHour, plusMinus, blocks: blocks.length };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]): number => sum(values) / Math.max(1, values.length);
