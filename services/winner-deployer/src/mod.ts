export { listWinners } from "./list_winners.ts";
export type { KeyChange, WinnerRecord, WinnerStanding } from "./winner_record.ts";
export { service } from "./service.ts";
