// Bounds of the client by name; those that wait can be changed where a client is made.

export const CLIENT_LIMITS = {
  /** Milliseconds for a request that is answered whole. The service answers within 50 s unless it is set to more. */
  answerMsMax: 120_000,
  /** Milliseconds without a byte on a stream. The service sends a sign of life every 10 s. */
  silenceMsMax: 35_000,
  /** Tries of one request that may be sent again, and tries in a row to come back to a stream. */
  triesMax: 4,
  followTriesMax: 8,
  /** Milliseconds before the second try; doubled with each further one. */
  backoffMs: 250,
  backoffMsMax: 10_000,
  /** Longest wait that a service may ask for. */
  retryAfterMsMax: 60_000,
  /** UTF-16 units of one line or event of a stream. */
  streamTextMax: 16_777_216,
} as const;
