// Names of the exit reasons that a walk writes as numbers (BY_* in walk-layout.ts), in the order of the numbers.
export const EXIT_REASONS = [
  'signal',
  'reverse',
  'stop-loss',
  'take-profit',
  'trailing-stop',
  'time-limit',
  'end',
  'ruin',
  'open',
] as const;
