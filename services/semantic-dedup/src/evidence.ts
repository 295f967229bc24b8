/**
 * The shape of `semantic_evidence.json` and how one module's news change it. Pure.
 *
 * The file is a view: what decides is the consumer's state. Modules and keys that this software does not know are kept.
 */

export interface Suppression {
  readonly suppressed: boolean;
  readonly reason: string | null;
  /** Local naive ISO, like all times in this file. */
  readonly first_attempt: string | null;
  readonly last_attempt: string | null;
  readonly failure_count: number;
  readonly suppress_until: string | null;
  readonly user_can_override: boolean;
}

/** What an investigation tells about a module. */
export interface ModuleFacts {
  readonly integrates_with: readonly string[];
  readonly provides_capabilities: readonly string[];
  readonly key_abstractions: readonly string[];
  readonly purpose: string | null;
}

export interface EvidenceEntry extends ModuleFacts {
  readonly discovered_at: string;
  readonly last_updated: string;
  readonly suppression?: Suppression;
}

/** One module's news. `used_by` is not part of it: it follows from what the others integrate with. */
export interface EvidenceUpdate {
  readonly module: string;
  readonly entry: EvidenceEntry;
}

/** The file's content: module → entry, as somebody else may have written it. */
export type EvidenceFile = Record<string, unknown>;

/** Applies one update in place. Doing it twice is the same as once. */
export function applyUpdate(file: EvidenceFile, { module, entry }: EvidenceUpdate): void {
  const before = entryOf(file, module) ?? {};
  const { suppression, ...rest } = entry;
  const users = new Set([...textsOf(before["used_by"]), ...usersOf(file, module)]);
  users.delete(module);
  const value = {
    ...before,
    ...rest,
    used_by: [...users].toSorted(),
    ...(suppression === undefined
      ? {}
      : { suppression: { ...recordOf(before["suppression"]), ...suppression } }),
  };
  // Assigned, a module called `__proto__` would never reach the file.
  Object.defineProperty(file, module, { value, writable: true, enumerable: true, configurable: true });
  for (const other of textsOf(before["integrates_with"])) {
    if (!entry.integrates_with.includes(other)) setUser(file, other, module, false);
  }
  for (const other of entry.integrates_with) setUser(file, other, module, true);
}

function usersOf(file: EvidenceFile, module: string): string[] {
  return Object.keys(file).filter((name) =>
    textsOf(entryOf(file, name)?.["integrates_with"]).includes(module),
  );
}

function setUser(file: EvidenceFile, module: string, user: string, uses: boolean): void {
  const entry = entryOf(file, module);
  if (entry === undefined || module === user) return;
  const users = new Set(textsOf(entry["used_by"]));
  if (uses === users.has(user)) return;
  if (uses) users.add(user);
  else users.delete(user);
  entry["used_by"] = [...users].toSorted();
}

/** What the file itself says of a module; undefined: nothing. */
export function valueOf(file: EvidenceFile, module: string): unknown {
  return Object.hasOwn(file, module) ? file[module] : undefined;
}

function entryOf(file: EvidenceFile, module: string): Record<string, unknown> | undefined {
  const entry = valueOf(file, module);
  const record = recordOf(entry);
  return record === entry ? record : undefined;
}

/** Reads an entry as somebody may have written it; null when it says nothing. */
export function readEntry(value: unknown): EvidenceEntry | null {
  const entry = recordOf(value);
  if (Object.keys(entry).length === 0) return null;
  const suppression = readSuppression(entry["suppression"]);
  return {
    discovered_at: textOf(entry["discovered_at"]) ?? "",
    integrates_with: textsOf(entry["integrates_with"]),
    provides_capabilities: textsOf(entry["provides_capabilities"]),
    key_abstractions: textsOf(entry["key_abstractions"]),
    purpose: textOf(entry["purpose"]),
    last_updated: textOf(entry["last_updated"]) ?? "",
    ...(suppression === null ? {} : { suppression }),
  };
}

export function readSuppression(value: unknown): Suppression | null {
  const found = recordOf(value);
  if (Object.keys(found).length === 0) return null;
  const failures = found["failure_count"];
  return {
    suppressed: found["suppressed"] === true,
    reason: textOf(found["reason"]),
    first_attempt: textOf(found["first_attempt"]),
    last_attempt: textOf(found["last_attempt"]),
    failure_count:
      typeof failures === "number" && Number.isSafeInteger(failures) && failures > 0 ? failures : 0,
    suppress_until: textOf(found["suppress_until"]),
    user_can_override: found["user_can_override"] !== false,
  };
}

export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
