/** Which directories are looked through. */
import type { Installation } from "@kloros/daemon";
import { join, resolve } from "node:path";
import type { PromotionsConfig } from "./config.ts";
import type { Place } from "./promotion.ts";

/** Acknowledgements of D-REAM's own artifacts stand beside their directory, those of others with what was acknowledged. */
export function promotionPlaces(
  paths: Pick<Installation, "home" | "promotions" | "dreamArtifacts">,
  config: Pick<PromotionsConfig, "directories">,
): readonly Place[] {
  const artifacts = join(paths.dreamArtifacts, "promotions");
  const given = config.directories.map((directory) => resolve(paths.home, directory));
  const directories = given.length === 0 ? [paths.promotions, artifacts] : given;
  return [...new Set(directories)].map((path) => ({
    path,
    acks: path === artifacts ? join(paths.dreamArtifacts, "promotions_ack") : join(path, "acknowledged"),
  }));
}
