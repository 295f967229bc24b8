import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatUtc, isUtcTimestamp } from "./utc_timestamp.ts";

test("isUtcTimestamp() accepts whatever formatUtc() writes", () => {
  const ms = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });
  fc.assert(fc.property(ms, (at) => isUtcTimestamp(formatUtc(at))));
});

const good = [
  "2025-11-14T10:30:00Z",
  "2025-11-14T10:30:00.123456Z",
  "2025-11-14T10:30:00+00:00",
  "2024-02-29T23:59:59Z",
  "2000-02-29T00:00:00Z",
];
for (const text of good)
  test(`isUtcTimestamp() accepts ${text}`, () => expect(isUtcTimestamp(text)).toBe(true));

const bad = [
  "",
  "2025-11-14",
  "2025-11-14T10:30:00",
  "2025-11-14 10:30:00Z",
  "2025-11-14T10:30:00+01:00",
  "2025-11-14T10:30:00.Z",
  "2025-02-29T00:00:00Z",
  "1900-02-29T00:00:00Z",
  "2025-04-31T00:00:00Z",
  "2025-00-10T00:00:00Z",
  "2025-13-10T00:00:00Z",
  "2025-01-00T00:00:00Z",
  "2025-01-01T24:00:00Z",
  "2025-01-01T00:60:00Z",
  "2025-01-01T00:00:60Z",
  "2025-01-01T00:00:00Z\n",
];
for (const text of bad) {
  test(`isUtcTimestamp() refuses ${JSON.stringify(text)}`, () => expect(isUtcTimestamp(text)).toBe(false));
}
