/** First line of a generated page. */
export function sourceNote(source: string): string {
  return `<!-- Generated from ${source} by \`bun cli/src/reference/write.ts\`. Do not edit. -->`;
}
