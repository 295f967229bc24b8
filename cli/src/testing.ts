/** For tests that install or start the whole: which services there are, and the units they run by. */
export { SERVICE_NAMES } from "./multicall/service_names.ts";
export type { ServiceName } from "./multicall/service_names.ts";
export { SYSTEM_LAYOUT, userLayout } from "./units/layout.ts";
export type { InstallLayout } from "./units/layout.ts";
export { renderUnits } from "./units/render_units.ts";
export { OPTIONAL_UNITS } from "./units/target_unit.ts";
