export { systemAmbient } from "./ambient.ts";
export type { Ambient } from "./ambient.ts";
export { decodeBusMessage, decodeClientMessage, encodeMessage, joinLines, splitLines } from "./codec.ts";
export { deliveryRuns, packDeliveries } from "./delivery_columns.ts";
export { packPublishResults } from "./publish_columns.ts";
export { unpackLeases, unpackSettlement } from "./settle_columns.ts";
export { packSettleResults } from "./settle_result_columns.ts";
export { connectBus, openLocalBus } from "./connect.ts";
export type { ConnectOptions, LocalOptions } from "./connect.ts";
export { BusyError, DeniedError, LeaseLostError, RetryableError, TerminalError } from "./errors.ts";
export { PROTOCOL_LIMITS, PROTOCOL_VERSION, ProtocolError } from "./protocol.ts";
export type { BusMessage, BusOutgoing, ClientIncoming, ClientMessage } from "./protocol.ts";
export type { PublisherLimits } from "./publisher.ts";
export type { LinkTiming } from "./bus_connection.ts";
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
