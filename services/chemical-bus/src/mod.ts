export { manifest } from "./manifest.ts";
export { service } from "./service.ts";
