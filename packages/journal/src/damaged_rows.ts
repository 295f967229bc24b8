/**
 * How damage stands in the journal: the delivery in a state of its own, so that it is counted and in nobody's way, and what
 * was found in table `damage`. Statements only, for the broker, the start and the repair each run them in their own way.
 */
import { DAMAGED, deliverySum } from "./schema.ts";

/** Of seq (below 0: a state), cid (0: the signal itself), what, found_at (epoch ms). What was noted first stays. */
export const NOTE_DAMAGE = "INSERT OR IGNORE INTO damage(seq, cid, what, found_at) VALUES(?,?,?,?)";

/** Of what, cid, seq. The consumer's counts are the caller's affair. */
export const SET_ASIDE =
  `UPDATE delivery SET state = ${DAMAGED}, suspect = 0, due = 0, plan = NULL, error = ?, ` +
  `sum = ${deliverySum({ state: String(DAMAGED), suspect: "0", due: "0" })} WHERE cid = ? AND seq = ?`;
