// Bounds of the HTTP door by name.

export const HTTP_LIMITS = {
  /** Bytes of a request body, after decoding. */
  bodyBytesMax: 1_048_576,
  /** Bytes of all headers of a request, its first line included. */
  headerBytesMax: 16_384,
  /** Objects and arrays within each other in a JSON body. */
  jsonDepthMax: 16,
  /** Entries of one array or object of a JSON body. */
  jsonEntriesMax: 1_000,
  /** UTF-16 units of one text of a JSON body. */
  jsonTextMax: 1_024,
  /** Milliseconds for the headers of a request. */
  headersMsMax: 10_000,
  /** Milliseconds for a whole request to arrive. */
  requestMsMax: 30_000,
  /** Milliseconds that an idle connection is kept. */
  keepAliveMs: 5_000,
  /** Milliseconds without a byte taken by the client, while an answer waits to be read. */
  responseStallMs: 15_000,
  /** Connections open at once. */
  connectionsMax: 256,
  /** Requests a second of one token, or of one address with wrong tokens. */
  requestsPerSecond: 20,
  /** Tokens of one service. */
  tokensMax: 1_000,
  /** Characters of a token: fewer can be guessed. */
  tokenLengthMin: 16,
  tokenLengthMax: 256,
  /** Tokens and addresses whose rates are remembered. */
  rateKeysMax: 10_000,
  /** Bytes of an uploaded candle file. It has to arrive within the time of any request. */
  uploadBytesMax: 256 * 1_048_576,
  /** Bytes of an uploaded strategy file. */
  strategyBytesMax: 1_048_576,
  /** Uploads that are taken in at once. */
  uploadsMax: 2,
  /** Milliseconds after its deadline that a sweep has to answer with what it has; then it is ended. */
  stopGraceMs: 1_500,
  /** Milliseconds that any other computation has to end by itself, and every one whose client has left; then it is ended. */
  leaveGraceMs: 100,
  /** Clients that follow jobs at once. */
  listenersMax: 100,
  /** Events of one job kept for those who come back. */
  jobEventsKept: 256,
  /** Bytes that wait for a client that does not take its events; beyond, it is cut off. */
  eventBytesMax: 262_144,
  /** Milliseconds between two signs of life on a stream of events. */
  eventHeartbeatMs: 10_000,
  /** Milliseconds after which a browser that lost its stream comes back. */
  eventRetryMs: 2_000,
  /** Configurations of one list to run, and bytes of such a list. */
  configurationsMax: 10_000,
  configurationsBytesMax: 8_388_608,
  /** Milliseconds from the signal to stop until connections that are still open are cut. */
  shutdownMsMax: 8_000,
  /** Seconds without a computation after which idle workers end and memory is given back. */
  idleSeconds: 120,
  /** Rows of one page of any list. */
  pageRowsMax: 1_000,
  /** Candles, trades or bars of equity of one answer that is no file. */
  candlesMax: 10_000,
} as const;
