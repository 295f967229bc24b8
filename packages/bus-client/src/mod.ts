export { systemAmbient } from "./ambient.ts";
export type { Ambient } from "./ambient.ts";
export { decodeBusMessage, decodeClientMessage, encodeMessage, joinLines, splitLines } from "./codec.ts";
export {
  deliveryRuns,
  packDeliveries,
  packPublishResults,
  packSettleResults,
  unpackLeases,
  unpackSettlement,
} from "./columns.ts";
export { connectBus, openLocalBus } from "./connect.ts";
export type { ConnectOptions, LocalOptions } from "./connect.ts";
export { BusyError, DeniedError, LeaseLostError, RetryableError, TerminalError } from "./errors.ts";
export { PROTOCOL_LIMITS, PROTOCOL_VERSION, ProtocolError } from "./protocol.ts";
export type { BusMessage, BusOutgoing, ClientIncoming, ClientMessage } from "./protocol.ts";
export type { PublisherLimits } from "./publisher.ts";
export type { LinkTiming } from "./zmq_link.ts";
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
