/** What is wrong with this machine at the moment, and not with the module that is looked at: it is tried again later. */
const SHORTAGES: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE", "ENOMEM", "EAGAIN"]);

/** Throws an error of that kind again; returns any other. */
export function unlessShortage(error: unknown): unknown {
  if (error instanceof Error && "code" in error && SHORTAGES.has(error.code)) throw error;
  return error;
}
