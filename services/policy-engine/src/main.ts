import { runService } from "@kloros/daemon";
import { service } from "./mod.ts";

await runService(service);
