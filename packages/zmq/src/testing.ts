/** For tests of this and other packages: real sockets in a directory of their own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface IpcDirectory {
  readonly path: string;
  /** `ipc://` endpoint of a socket in it. */
  endpoint(name: string): string;
  remove(): void;
}

/** Short on purpose: an ipc path may have 107 bytes. */
export function makeIpcDirectory(): IpcDirectory {
  const path = mkdtempSync(join(tmpdir(), "zmq-"));
  return {
    path,
    endpoint: (name) => `ipc://${join(path, `${name}.sock`)}`,
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** A bound for what never comes, no measure: a busy machine takes seconds over milliseconds. Below a test's limit of 20 s, so that the wait is named. */
const UNTIL_LIMIT_MS = 15_000;

/** Waits until `condition` gives something, looking every millisecond; throws after `limitMs`. */
export async function until<Value>(
  condition: () => Value | undefined | false,
  options: { readonly what: string; readonly limitMs?: number },
): Promise<Value> {
  const limitMs = options.limitMs ?? UNTIL_LIMIT_MS;
  const end = performance.now() + limitMs;
  for (;;) {
    const value = condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain for ${options.what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
