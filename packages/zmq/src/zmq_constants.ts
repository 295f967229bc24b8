/** Numbers of libzmq 4.3.5's zmq.h, and of Linux's errno.h, that are used here. */

export const SOCKET_TYPES = {
  pair: 0,
  pub: 1,
  sub: 2,
  dealer: 5,
  router: 6,
  xpub: 9,
  xsub: 10,
} as const;

export const OPTION = {
  routingId: 5,
  subscribe: 6,
  unsubscribe: 7,
  fd: 14,
  events: 15,
  linger: 17,
  reconnectInterval: 18,
  reconnectIntervalMax: 21,
  messageSizeMax: 22,
  sendHighWaterMark: 23,
  receiveHighWaterMark: 24,
  lastEndpoint: 32,
  routerMandatory: 33,
  ipv6: 42,
  curveServer: 47,
  curvePublicKey: 48,
  curveSecretKey: 49,
  curveServerKey: 50,
  zapDomain: 55,
  routerHandover: 56,
  heartbeatInterval: 75,
  heartbeatTimeout: 77,
  xpubVerboser: 78,
  connectTimeout: 79,
  zapEnforceDomain: 93,
  inBatchSize: 101,
  outBatchSize: 102,
} as const;

export const DONTWAIT = 1;
export const SNDMORE = 2;
export const POLLIN = 1;
export const POLLOUT = 2;

export const EINTR = 4;
export const EAGAIN = 11;
export const EHOSTUNREACH = 113;
