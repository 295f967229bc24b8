/** Cuts output into lines of bounded length: what a runner prints is its own business, what is held here is not. */

/** A longer line is cut; the rest of it is dropped. Characters. */
export const LINE_LENGTH_MAX = 8192;
const CUT = " [cut]";

/** Calls `onLines` for the lines of each chunk together. Ends with the stream, or with `abort`, which closes it. */
export async function readBoundedLines(
  stream: ReadableStream<Uint8Array>,
  onLines: (lines: readonly string[]) => void,
  abort?: AbortSignal,
): Promise<void> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  abort?.addEventListener("abort", () => void reader.cancel().catch(() => undefined), { once: true });
  let held = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const parts = (held + decoder.decode(value, { stream: true })).split("\n");
    held = cut(parts.pop() ?? "");
    if (parts.length > 0) onLines(parts.map(cut));
  }
  if (held !== "") onLines([held]);
}

/** Cutting twice changes nothing, so a line that never ends stays short. */
function cut(line: string): string {
  return line.length <= LINE_LENGTH_MAX + CUT.length ? line : line.slice(0, LINE_LENGTH_MAX) + CUT;
}
