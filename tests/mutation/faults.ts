/** All that is planted. */
import type { Fault } from "./fault.ts";
import { CLIENT_FAULTS } from "./faults/client.ts";
import { DELIVERY_FAULTS } from "./faults/delivery.ts";
import { JOURNAL_FAULTS } from "./faults/journal.ts";
import { SERVICE_FAULTS } from "./faults/services.ts";

export const FAULTS: readonly Fault[] = [
  ...JOURNAL_FAULTS,
  ...DELIVERY_FAULTS,
  ...CLIENT_FAULTS,
  ...SERVICE_FAULTS,
];
