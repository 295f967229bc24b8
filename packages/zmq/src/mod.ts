export type {
  MonitorEvent,
  PollSockets,
  Readiness,
  ReceivedMessage,
  SendResult,
  SocketOptions,
  SocketType,
  ZmqSocket,
} from "./types.ts";
