// Assertions for bugs: a broken invariant stops the process or worker, in production too.

/** Thrown when an internal invariant does not hold. It always means a bug in Gridmill, never bad input. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws AssertionError unless `condition` holds. Write `rule` as the positive rule that must be true. */
export function assert(condition: unknown, rule: string): asserts condition {
  if (!condition) throw new AssertionError(`Invariant broken: ${rule}`);
}

/** Marks a switch as exhaustive: the compiler rejects it when a case is missing, and it throws if reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`Invariant broken: every case is handled, found ${String(value)}`);
}
