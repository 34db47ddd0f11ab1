// What every member of a pool is told once, whatever it runs in.

import { shareCandles } from '../market/shared-candles.ts';
import { shareModels } from '../models/model-file.ts';
import { modelFilesOf } from '../strategy/model-expressions.ts';
import type { ExecutionRequest } from '../sweep/request.ts';
import type { ScoringContext } from '../sweep/score.ts';
import type { PoolSetup, StrategyRef } from './messages.ts';
import { strategyIdentity } from './strategy-identity.ts';

export function threadSetup(context: ScoringContext, strategyRef: StrategyRef): PoolSetup {
  const { strategy, grid, window, cacheBytes, memory } = context;
  return {
    strategyRef,
    identity: strategyIdentity(strategy),
    models: shareModels(modelFilesOf(strategy)),
    execution: withoutStrategy(context.execution),
    grid: { ...grid, constraint: undefined },
    history: shareCandles(window.history),
    from: window.from,
    dataHash: window.dataHash,
    engine: context.engine,
    cacheBytes,
    memory: memory && { plan: memory.plan, shared: memory.shared },
    stop: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
  };
}

/** A whole request may come as its execution part; its strategy holds functions, which cannot be sent. */
function withoutStrategy(execution: ExecutionRequest): ExecutionRequest {
  const { strategy: _, ...rest } = { strategy: undefined, ...execution };
  return rest;
}
