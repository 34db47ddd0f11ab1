// Time comes in as an argument: nothing below the app layer reads the ambient clock.

export interface Clock {
  /** Milliseconds that only go forward; for durations and deadlines. */
  monotonicMs(): number;
  /** Epoch milliseconds UTC; for display and stamps only. */
  wallMs(): number;
}

/** A clock that moves only when told to. For tests. */
export function createFakeClock(startMs = 0): Clock & { advance(ms: number): void } {
  let now = startMs;
  return {
    monotonicMs: () => now,
    wallMs: () => now,
    advance(ms: number): void {
      now += ms;
    },
  };
}
