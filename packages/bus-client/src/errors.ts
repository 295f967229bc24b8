/** It can never work: the delivery becomes a dead letter at once. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** It may work later: retried with backoff up to the consumer's limit. `delayMs` overrides the backoff. */
export class RetryableError extends Error {
  override readonly name = "RetryableError";
  readonly code: string;
  readonly delayMs: number | undefined;
  constructor(code: string, message: string, options?: ErrorOptions & { readonly delayMs?: number }) {
    super(message, options);
    this.code = code;
    this.delayMs = options?.delayMs;
  }
}

/** The publisher's bounded buffer is full, or the bus said not now. What was passed in is still the caller's. */
export class BusyError extends Error {
  override readonly name = "BusyError";
}

/** The lease is not ours any more; stop, change nothing. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
}

/** The bus refused this client or consumer for good; `code` as in the protocol's DENY. */
export class DeniedError extends Error {
  override readonly name = "DeniedError";
  readonly code: string;
  readonly holderPid: number | undefined;
  constructor(code: string, message: string, holderPid?: number) {
    super(message);
    this.code = code;
    this.holderPid = holderPid;
  }
}
