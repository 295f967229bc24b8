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
  readonly #counts = new Map<Held["why"], number>();

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
    const held = this.#files.get(path);
    if (held === undefined) return;
    this.#files.delete(path);
    this.#count(held.why, -1);
  }

  /** Keeps the time since when it was first seen with this signature. It goes to the end of `entries`. */
  hold(path: string, held: Held): void {
    const before = this.#files.get(path);
    const sinceMs = before?.signature === held.signature ? before.sinceMs : held.sinceMs;
    this.delete(path);
    this.#files.set(path, { ...held, sinceMs });
    this.#count(held.why, 1);
  }

  /** How long `path` has had this signature; 0 when it is new or has changed. */
  quietMs(path: string, signature: string, nowMs: number): number {
    const held = this.#files.get(path);
    return held?.signature === signature ? nowMs - held.sinceMs : 0;
  }

  /** Forgets what is not there any more. */
  keepOnly(present: ReadonlySet<string>): void {
    for (const path of this.#files.keys()) if (!present.has(path)) this.delete(path);
  }

  entries(): readonly (readonly [string, Held])[] {
    return [...this.#files];
  }

  count(why: Held["why"]): number {
    return this.#counts.get(why) ?? 0;
  }

  /** Why one of these is held; undefined: there is none. */
  reason(why: Held["why"]): string | undefined {
    if (this.count(why) === 0) return undefined;
    for (const held of this.#files.values()) if (held.why === why) return held.reason;
    return undefined;
  }

  #count(why: Held["why"], by: number): void {
    this.#counts.set(why, this.count(why) + by);
  }
}
