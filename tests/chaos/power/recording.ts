/** The log of the shim, read back: what happened to the files of one directory, in order. Its layout is in `shim.c`. */
import { readFileSync } from "node:fs";

export type DiskRecord =
  | { readonly kind: "write"; readonly inode: number; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly inode: number; readonly size: number }
  | { readonly kind: "sync"; readonly inode: number }
  | { readonly kind: "sync directory" }
  | { readonly kind: "create"; readonly inode: number; readonly name: string }
  | { readonly kind: "unlink"; readonly inode: number; readonly name: string }
  | { readonly kind: "rename" | "link"; readonly inode: number; readonly name: string; readonly to: string }
  /** What the program said at this point. */
  | { readonly kind: "mark"; readonly text: string };

const HEAD_BYTES = 32;

/** `root`: the directory; names are those in it. Throws for a log that ends in the middle of a record. */
export function readRecording(log: string, root: string): DiskRecord[] {
  const bytes = readFileSync(log);
  const records: DiskRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    const pathBytes = bytes.readUInt32LE(at + 4);
    const otherBytes = bytes.readUInt32LE(at + 24);
    const end = at + HEAD_BYTES + pathBytes + otherBytes + bytes.readUInt32LE(at + 28);
    if (end > bytes.length) throw new Error(`${log} ends in the middle of a record, at byte ${String(at)}`);
    const names = bytes.toString("utf8", at + HEAD_BYTES, at + HEAD_BYTES + pathBytes + otherBytes);
    records.push(
      recordOf({
        kind: bytes.readUInt32LE(at),
        inode: Number(bytes.readBigUInt64LE(at + 8)),
        offset: Number(bytes.readBigUInt64LE(at + 16)),
        name: inRoot(names.slice(0, pathBytes), root),
        to: inRoot(names.slice(pathBytes), root),
        data: bytes.subarray(at + HEAD_BYTES + pathBytes + otherBytes, end),
      }),
    );
    at = end;
  }
  return records;
}

interface Raw {
  readonly kind: number;
  readonly inode: number;
  readonly offset: number;
  readonly name: string;
  readonly to: string;
  readonly data: Buffer;
}

function recordOf({ kind, inode, offset, name, to, data }: Raw): DiskRecord {
  switch (kind) {
    case 1:
      return { kind: "write", inode, offset, bytes: data };
    case 2:
      return { kind: "truncate", inode, size: offset };
    case 3:
      return { kind: "sync", inode };
    case 4:
      return { kind: "sync directory" };
    case 5:
      return { kind: "create", inode, name };
    case 6:
      return { kind: "unlink", inode, name };
    case 7:
      return { kind: "rename", inode, name, to };
    case 8:
      return { kind: "link", inode, name, to };
    case 9:
      return { kind: "mark", text: data.toString() };
    default:
      throw new Error(`a record of kind ${String(kind)} is not known`);
  }
}

/** One level is enough here: nothing that is recorded makes directories. */
function inRoot(path: string, root: string): string {
  const name = path.slice(root.length + 1);
  if (name.includes("/")) throw new Error(`${path} is deeper than what is rebuilt`);
  return name;
}
