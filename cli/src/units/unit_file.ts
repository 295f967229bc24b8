/** A file that belongs to an installation under systemd. */
export interface UnitFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  /** Permissions, e.g. 0o644. */
  readonly mode: number;
}
