/** A run's name becomes a file's: no separators, no leading point, at most 128 characters. */
const RUN_TAG = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export function isRunTag(text: string): boolean {
  return RUN_TAG.test(text);
}
