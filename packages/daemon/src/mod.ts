export type { Clock, Installation, Logger, Manifest, Mode, Service, ServiceContext } from "./types.ts";
