/** All that is planted. */
import type { Fault } from "./fault.ts";
import { CLIENT_FAULTS } from "./faults/client.ts";
import { DELIVERY_FAULTS } from "./faults/delivery.ts";
import { JOURNAL_FAULTS } from "./faults/journal.ts";
import { REPAIR_FAULTS } from "./faults/repair.ts";
import { SERVICE_FAULTS } from "./faults/services.ts";
import { SURROUNDINGS_FAULTS } from "./faults/surroundings.ts";

export const FAULTS: readonly Fault[] = [
  ...JOURNAL_FAULTS,
  ...DELIVERY_FAULTS,
  ...REPAIR_FAULTS,
  ...CLIENT_FAULTS,
  ...SERVICE_FAULTS,
  ...SURROUNDINGS_FAULTS,
];
