// Exit codes of shards: which errors another attempt, or another machine, may not meet again.
import { expect, test } from 'vitest';
import { AppError, type ErrorCode } from '../core/errors.ts';
import { exitOf } from './shard-exit.ts';

test.each<readonly [ErrorCode, number]>([
  // A thread that took all memory, a full or broken disk of this machine, a place that is away, what arrived damaged.
  ['WORKER_DIED', 75],
  ['STORE_FULL', 75],
  ['STORE_UNWRITABLE', 75],
  ['OBJECTS_UNREACHABLE', 75],
  ['OBJECT_CORRUPT', 75],
  ['SHARDS_INCOMPLETE', 75],
  ['CANCELLED', 75],
  // What is the same everywhere.
  ['REQUEST_INVALID', 64],
  ['STRATEGY_FAILED', 64],
  ['BUDGET_BYTES', 64],
  ['MODEL_MEMORY', 64],
  ['OBJECTS_REFUSED', 64],
  ['RESULT_CORRUPT', 64],
  ['DEPENDENCY_MISSING', 64],
])('%s ends in %i', (code, exit) => {
  expect(exitOf(new AppError(code, { found: 'it.', todo: 'Look.' }))).toBe(exit);
});

test('a bug is not tried again', () => expect(exitOf(new TypeError('x'))).toBe(64));
