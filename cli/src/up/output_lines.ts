/** Cuts a process's output into lines, with a bound on what is held. */
const LINE_BYTES_MAX = 1024 * 1024;

/** Calls `onLine` for each line, the unfinished last one included; resolves when the stream ends. */
export async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const chunk of stream) {
    held += decoder.decode(chunk, { stream: true });
    const lines = held.split("\n");
    held = lines.pop() ?? "";
    for (const line of lines) onLine(line);
    if (held.length > LINE_BYTES_MAX) {
      onLine(held);
      held = "";
    }
  }
  if (held !== "") onLine(held);
}
