// Bounds of what is kept between requests, by name.

export const WARM_LIMITS = {
  /** Setups of trials kept open while nobody uses them; the one used longest ago goes first. */
  idleSetupsMax: 4,
  /** Bytes of finished columns that each worker keeps for one setup. */
  setupCacheBytes: 67_108_864,
  /** Bytes of one answer that is kept. */
  answerBytesMax: 8_388_608,
  /** Milliseconds that a shared store of answers has to answer; longer counts as no answer. */
  remoteMsMax: 250,
  /** Commands that wait for such a store at once. */
  remoteCommandsMax: 256,
  /** Milliseconds between two attempts to reach it again. */
  remotePauseMs: 2_000,
} as const;
