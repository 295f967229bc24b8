import type { DeliveryStateName } from "@kloros/journal";
import type { Palette } from "./palette.ts";

const TONES: Readonly<Record<DeliveryStateName, "good" | "warn" | "bad" | "faint">> = {
  ready: "warn",
  waiting: "warn",
  leased: "warn",
  done: "good",
  superseded: "faint",
  dead: "bad",
  dropped: "faint",
  damaged: "bad",
};

export function deliveryState(state: DeliveryStateName, palette: Palette): string {
  return palette[TONES[state]](state);
}
