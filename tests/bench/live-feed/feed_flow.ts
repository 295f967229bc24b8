/**
 * Announced and not yet received, at most. Below half of the feed's high-water mark of 10,000: libzmq learns only in steps of a half
 * how much its peer has taken, and drops what seems to be beyond the mark.
 */
export const AHEAD = 4000;
/** One credit says that so many more were received. */
export const CREDIT_STEP = 500;
export const FEED_SIGNAL = "Q_INTENT_READY";
