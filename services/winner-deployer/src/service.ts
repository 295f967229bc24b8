import type { Service } from "@kloros/daemon";
import { manifest } from "./manifest.ts";
import type { config } from "./manifest.ts";

export const service: Service<typeof config> = {
  manifest,
  start: async () => Promise.resolve(),
};
