/**
 * Files that were looked at and are left where they are for now: unfinished ones, and those that were dealt with but
 * could not be moved. Remembered with their signature, so that a change is noticed and nothing is done twice.
 */

export interface Held {
  readonly signature: string;
  /** Since when it has been seen so, monotonic ms. */
  readonly sinceMs: number;
  readonly why: "unfinished" | "denied" | "dealt-with";
  /** `dealt-with`: tries to get it out of the way again. */
  readonly retry?: () => boolean;
  readonly reason: string;
}

export class HeldFiles {
  readonly #files = new Map<string, Held>();

  get size(): number {
    return this.#files.size;
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  get(path: string): Held | undefined {
    return this.#files.get(path);
  }

  delete(path: string): void {
    this.#files.delete(path);
  }

  /** Keeps the time since when it was first seen with this signature. */
  hold(path: string, held: Held): void {
    const before = this.#files.get(path);
    const sinceMs = before?.signature === held.signature ? before.sinceMs : held.sinceMs;
    this.#files.set(path, { ...held, sinceMs });
  }

  /** How long `path` has had this signature; 0 when it is new or has changed. */
  quietMs(path: string, signature: string, nowMs: number): number {
    const held = this.#files.get(path);
    return held?.signature === signature ? nowMs - held.sinceMs : 0;
  }

  /** Forgets what is not there any more. */
  keepOnly(present: ReadonlySet<string>): void {
    for (const path of this.#files.keys()) if (!present.has(path)) this.#files.delete(path);
  }

  entries(): readonly (readonly [string, Held])[] {
    return [...this.#files];
  }

  /** Why the first of these is held, and how many are. */
  describe(why: Held["why"]): { readonly count: number; readonly reason: string } | undefined {
    const of = [...this.#files.values()].filter((held) => held.why === why);
    const first = of[0];
    return first === undefined ? undefined : { count: of.length, reason: first.reason };
  }
}
