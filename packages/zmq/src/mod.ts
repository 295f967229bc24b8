export { closeContext } from "./context.ts";
export { curveKeypair, curvePublic } from "./curve.ts";
export { ZmqError } from "./errors.ts";
export { pollSockets } from "./poll_sockets.ts";
export { openReadiness } from "./readiness.ts";
export { openSocket } from "./socket.ts";
export { startZap } from "./zap.ts";
export type { CurveKeypair } from "./curve.ts";
export type { Zap, ZapDecision, ZapOptions } from "./zap.ts";
export type {
  CurveClient,
  CurveServer,
  MonitorEvent,
  PollSockets,
  Readiness,
  ReceivedMessage,
  SendResult,
  SocketOptions,
  SocketType,
  ZmqSocket,
} from "./types.ts";
