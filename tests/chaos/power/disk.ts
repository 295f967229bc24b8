/**
 * A disk as the files system promises it, and no better: what was synced is there; of what was written since, anything.
 *
 * Names and contents are apart: a name is safe when its directory was synced (POSIX; most file systems do more).
 */
import type { Choices } from "@kloros/signal-schema/testing";
import type { DiskRecord } from "./recording.ts";

type Change =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number };
type NameChange = Extract<DiskRecord, { kind: "create" | "unlink" | "rename" | "link" }> & {
  readonly file: DiskFile;
};

/** What became of one unsynced change: true: all of it is there; a number: some sectors of so many bytes. */
export type Fate = boolean | number;

/** How the power left what was not synced. `names`: in their order up to some point, or any of them. */
export interface Loss {
  fates(changes: number): readonly Fate[];
  names(changes: number): readonly boolean[];
  readonly choices: Choices;
}

export type Image = ReadonlyMap<string, Uint8Array>;

class DiskFile {
  #safe: Uint8Array;
  #unsynced: Change[] = [];
  #whole: Uint8Array | undefined;

  constructor(bytes: Uint8Array) {
    this.#safe = bytes;
  }

  change(change: Change): void {
    this.#unsynced.push(change);
    this.#whole = undefined;
  }

  sync(): void {
    this.#safe = this.whole();
    this.#unsynced = [];
  }

  whole(): Uint8Array {
    this.#whole ??= this.#unsynced.length === 0 ? this.#safe : applied(this.#safe, this.#unsynced);
    return this.#whole;
  }

  after(loss: Loss): Uint8Array {
    if (this.#unsynced.length === 0) return this.#safe;
    const fates = loss.fates(this.#unsynced.length);
    const kept = this.#unsynced.flatMap((change, n) => survivors(change, fates[n] ?? false, loss.choices));
    return applied(this.#safe, kept);
  }
}

function survivors(change: Change, fate: Fate, choices: Choices): Change[] {
  if (fate === false) return [];
  if (fate === true || change.kind === "truncate") return [change];
  const pieces: Change[] = [];
  const end = change.offset + change.bytes.length;
  for (let at = change.offset; at < end;) {
    const next = Math.min(end, (Math.floor(at / fate) + 1) * fate);
    const bytes = change.bytes.subarray(at - change.offset, next - change.offset);
    if (choices.random() < 0.5) pieces.push({ kind: "write", offset: at, bytes });
    at = next;
  }
  return pieces;
}

/** What lies between the old end and a write behind it is zeros. */
function applied(safe: Uint8Array, changes: readonly Change[]): Uint8Array {
  let size = safe.length;
  let most = size;
  for (const change of changes) {
    size = change.kind === "truncate" ? change.size : Math.max(size, change.offset + change.bytes.length);
    most = Math.max(most, size);
  }
  const bytes = new Uint8Array(most);
  bytes.set(safe);
  size = safe.length;
  for (const change of changes) {
    if (change.kind === "write") bytes.set(change.bytes, change.offset);
    else if (change.size < size) bytes.fill(0, change.size, size);
    size = change.kind === "truncate" ? change.size : Math.max(size, change.offset + change.bytes.length);
  }
  return bytes.subarray(0, size);
}

export class Disk {
  #safe = new Map<string, DiskFile>();
  #unsynced: NameChange[] = [];
  readonly #files = new Map<number, DiskFile>();

  /** `before`: what was there already, safe, by inode. */
  constructor(before: ReadonlyMap<number, { readonly name: string; readonly bytes: Uint8Array }>) {
    for (const [inode, { name, bytes }] of before) {
      const file = new DiskFile(bytes);
      this.#files.set(inode, file);
      this.#safe.set(name, file);
    }
  }

  take(record: DiskRecord): void {
    switch (record.kind) {
      case "write":
      case "truncate":
        return this.#file(record.inode).change(record);
      case "sync":
        return this.#file(record.inode).sync();
      case "sync directory":
        this.#safe = this.#names(this.#unsynced);
        this.#unsynced = [];
        return;
      case "create":
        this.#files.set(record.inode, new DiskFile(new Uint8Array(0)));
        this.#unsynced.push({ ...record, file: this.#file(record.inode) });
        return;
      case "unlink":
      case "rename":
      case "link":
        this.#unsynced.push({ ...record, file: this.#file(record.inode) });
        return;
      case "mark":
        return;
    }
  }

  /** As the running system sees it. */
  whole(): Image {
    return new Map([...this.#names(this.#unsynced)].map(([name, file]) => [name, file.whole()]));
  }

  /** The power is gone now. */
  after(loss: Loss): Image {
    const fates = loss.names(this.#unsynced.length);
    const names = this.#names(this.#unsynced.filter((_, n) => fates[n] === true));
    return new Map([...names].map(([name, file]) => [name, file.after(loss)]));
  }

  #names(changes: readonly NameChange[]): Map<string, DiskFile> {
    const names = new Map(this.#safe);
    for (const change of changes) {
      const { kind, name, file } = change;
      if (kind === "create") names.set(name, file);
      else if (kind === "link") names.set(change.to, file);
      else if (names.get(name) === file) names.delete(name);
      if (kind === "rename") names.set(change.to, file);
    }
    return names;
  }

  #file(inode: number): DiskFile {
    const file = this.#files.get(inode);
    if (file === undefined)
      throw new Error(`inode ${String(inode)} was never created: the recording has a hole`);
    return file;
  }
}
