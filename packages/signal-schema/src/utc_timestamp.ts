/**
 * RFC 3339 in UTC, by hand: it stands on the path of every signal, and `Date.parse` accepts other formats and
 * days that do not exist.
 */
const shape = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|\+00:00)$/;
const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** UTC with `Z` or `+00:00`, a day that exists, seconds 00 to 59, up to nine decimals. */
export function isUtcTimestamp(text: string): boolean {
  // Signals come in the order of time: nearly always the minute is that of the one before.
  if (text.length === FORMATTED && text.startsWith(lastMinute) && secondsFit(text)) return true;
  const valid = isUtcAtLength(text);
  if (valid && text.length === FORMATTED) lastMinute = text.slice(0, MINUTE);
  return valid;
}

/** `2025-11-14T10:30:00.000Z`, and what of it says the minute: with the colon behind it. */
const [FORMATTED, MINUTE] = [24, 17];
let lastMinute = " ";

/** `ss.mmmZ` behind a minute that is known to be good. */
function secondsFit(text: string): boolean {
  return (
    text.charCodeAt(17) <= 53 &&
    isDigit(text.charCodeAt(17)) &&
    isDigit(text.charCodeAt(18)) &&
    text.charCodeAt(19) === 46 &&
    isDigit(text.charCodeAt(20)) &&
    isDigit(text.charCodeAt(21)) &&
    isDigit(text.charCodeAt(22)) &&
    text.charCodeAt(23) === 90
  );
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

function isUtcAtLength(text: string): boolean {
  const parts = shape.exec(text);
  if (parts === null) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const days = monthDays[month - 1];
  if (days === undefined || day === 0 || day > days) return false;
  if (month === 2 && day === 29 && !isLeap(year)) return false;
  return Number(parts[4]) < 24 && Number(parts[5]) < 60 && Number(parts[6]) < 60;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** UTC with milliseconds, as every envelope says it. */
export function formatUtc(ms: number): string {
  return new Date(ms).toISOString();
}
