import manifest from "../package.json" with { type: "json" };

/** All packages of this software carry one version. */
export const KIT_VERSION: string = manifest.version;
