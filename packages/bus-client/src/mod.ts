export { BusyError, DeniedError, LeaseLostError, RetryableError, TerminalError } from "./errors.ts";
export type {
  Bus,
  BusState,
  ConsumeOptions,
  Consumption,
  Delivery,
  Handler,
  HandlerResult,
  SettledEvent,
  Tap,
  TapFilter,
} from "./types.ts";
