/** The real bus, with a heap that can be asked for and one limit wider: ids may be forgotten within minutes instead of days. */
import { runService } from "@kloros/daemon";
import { manifest, service } from "@kloros/chemical-bus";
import { Reports } from "./program.ts";

const { properties } = manifest.config;
const rememberIdsDays = { ...properties.rememberIdsDays, minimum: 0 };
const config = { ...manifest.config, properties: { ...properties, rememberIdsDays } };

void new Reports().serve();
await runService({ ...service, manifest: { ...manifest, config } });
