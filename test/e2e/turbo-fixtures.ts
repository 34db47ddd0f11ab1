// What the tests of real trial threads share: pools, setups over synthetic candles, and outcomes as comparable text.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { NEVER_STOP, type StopToken } from '../../src/core/cancel.ts';
import type { StrategyRef } from '../../src/pool/messages.ts';
import { type ProfileName, profileNamed } from '../../src/simulate/profiles.ts';
import type { ExecutionRequest } from '../../src/sweep/request.ts';
import type { TrialOutcome, TrialSpec } from '../../src/trials/trial.ts';
import { createThreadTurboPool, type ThreadTurboPoolOptions } from '../../src/turbo/thread-turbo-pool.ts';
import type { OpenTrials, TrialSetup, TurboPool } from '../../src/turbo/turbo-port.ts';
import { testCandles, testClock } from '../synthetic-request.ts';

if (!existsSync(fileURLToPath(new URL('../../dist/thread/trial-thread.js', import.meta.url)))) {
  throw new Error('Threads run built files. Build first: npm run build');
}

export function testExecution(name: ProfileName = 'close'): ExecutionRequest {
  const profile = profileNamed(name);
  const costs = { feeRate: 0.001, fixedFee: 0, slippage: 0 };
  return { profile, ...profile.defaults, costs, calendar: 'continuous' };
}

export function testSetup(strategyRef: StrategyRef, overrides: Partial<TrialSetup> = {}): TrialSetup {
  return {
    strategyRef,
    execution: testExecution(),
    cells: [{ market: 'BTC' }],
    markets: { BTC: testCandles(500, 5) },
    seed: 7,
    ...overrides,
  };
}

const open: TurboPool[] = [];

/** A note fails the test: threads have the fastest kernels. */
export function testPool(options: Partial<ThreadTurboPoolOptions> = {}): TurboPool {
  const onNote = (note: string): never => expect.fail(note);
  const pool = createThreadTurboPool({ workers: 2, clock: testClock, onNote, ...options });
  open.push(pool);
  return pool;
}

/** For afterEach: no thread outlives its test. */
export async function closePools(): Promise<void> {
  await Promise.all(open.splice(0).map((pool) => pool.close()));
}

export const run = (trials: OpenTrials, specs: readonly TrialSpec[], stop: StopToken = NEVER_STOP) =>
  trials.run(specs, { stop });

/** Bit for bit what numbers came out: JSON writes every double so that it reads back the same. */
export const textOf = (outcomes: readonly TrialOutcome[]): string[] =>
  outcomes.map((outcome) => JSON.stringify(outcome));
