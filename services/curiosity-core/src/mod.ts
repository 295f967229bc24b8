export { service } from "./effects.ts";
export { manifest } from "./manifest.ts";
