// Bounds of the HTTP door by name.

export const HTTP_LIMITS = {
  /** Bytes of a request body, after decoding. */
  bodyBytesMax: 1_048_576,
  /** Milliseconds for the headers of a request. */
  headersMsMax: 10_000,
  /** Milliseconds for a whole request to arrive. */
  requestMsMax: 30_000,
  /** Milliseconds that an idle connection is kept. */
  keepAliveMs: 5_000,
  /** Connections open at once. */
  connectionsMax: 256,
  /** Milliseconds after its deadline that a sweep has to answer with what it has; then it is ended. */
  stopGraceMs: 1_500,
  /** Configurations of one list to run, and bytes of such a list. */
  configurationsMax: 10_000,
  configurationsBytesMax: 8_388_608,
  /** Rows of one page of any list. */
  pageRowsMax: 1_000,
} as const;
