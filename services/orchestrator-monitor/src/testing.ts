/** For tests that let the decisions of this service run without its files. */
export {
  announce,
  idKey,
  type Memory as ModulesMemory,
  newModules,
  remember as rememberModules,
} from "./modules/decide.ts";
export type { RegisteredModule } from "./modules/registry_modules.ts";
export { cycleEvent } from "./promotions/cycle_events.ts";
export {
  advisoryFacts,
  judge,
  NOTHING_REMEMBERED,
  type PromotionMemory,
  settled,
  takeIn,
  waitingOf,
} from "./promotions/decide.ts";
export { type DirectoryLook, type Promotion, promotionId } from "./promotions/promotion.ts";
