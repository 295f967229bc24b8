/** For tests of a handler alone: what a service's context gives it, without a service around it. */
import type { Static, TObject } from "@sinclair/typebox";
import { createChild } from "@kloros/signal-schema";
import { systemClock } from "../system_clock.ts";
import type { Installation, Mode, ServiceContext } from "../types.ts";

export interface HandlerContextOptions<Config extends TObject> {
  readonly config: Static<Config>;
  readonly paths: Installation;
  readonly mode: Mode;
  /** Takes each line of the log. */
  readonly say: (level: string, message: string, fields: object) => void;
}

export type HandlerContext<Config extends TObject> = Pick<
  ServiceContext<Config>,
  "config" | "paths" | "mode" | "log" | "clock" | "child" | "count"
>;

/** `service`: whose children the signals are. */
export function handlerContext<Config extends TObject>(
  service: string,
  { config, paths, mode, say }: HandlerContextOptions<Config>,
): HandlerContext<Config> {
  const saying =
    (level: string) =>
    (fields: object, message: string): void =>
      say(level, message, fields);
  return {
    config,
    paths,
    mode,
    log: { debug: saying("debug"), info: saying("info"), warn: saying("warn"), error: saying("error") },
    clock: systemClock,
    child: (delivery, definition, facts, effectKey = "") =>
      createChild(delivery.signal, definition, facts, {
        source: service,
        consumer: service,
        effectKey,
        nowMs: systemClock.wallMs(),
      }),
    count: () => {},
  };
}
