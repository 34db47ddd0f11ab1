// What an audit compares of a bar strategy: its columns, what it ordered at each bar, and what its account was worth.
import { Journal } from '../bars/journal.ts';
import type { Arithmetic } from '../indicators/arithmetic.ts';
import type { Candles } from '../market/candles.ts';
import { PROFILES } from '../simulate/profiles.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { BarProgram } from '../strategy/program.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { barRunner } from './bar-runner.ts';
import { ColumnStore } from './columns.ts';
import { isConditionNode } from './graph-node.ts';
import { declaredGraph } from './program-graph.ts';

/** Enough for every column of one variant, in both layouts and with all sibling outputs. */
const CACHE_ENTRIES = 1024;
/** Both sides are tried, and a cost makes every order show in the account. */
const COSTS = { feeRate: 0.001, fixedFee: 0, slippage: 0 };

interface Traced {
  readonly where: string;
  readonly values: ArrayLike<number>;
  readonly words?: (value: number) => string;
  readonly isDecision?: boolean;
}

/**
 * Runs the first `bars` bars of one variant over `history` and gives, in order of computation: each column and
 * condition its init declares, its orders, and the account's worth at each close. Errors: STRATEGY_FAILED.
 */
export function barTrace(
  options: { readonly strategy: Strategy; readonly arithmetic: Arithmetic },
  program: BarProgram,
  history: Candles,
  bars: number,
  parameters: ParameterValues,
): readonly Traced[] {
  const { strategy, arithmetic } = options;
  const trace: Traced[] = [];
  const cache = { cacheBytes: Number.MAX_SAFE_INTEGER, cacheEntries: CACHE_ENTRIES };
  const store = new ColumnStore({ history, arithmetic, ...cache, isShared: () => true });
  store.begin({});
  for (const [where, node] of declaredGraph(strategy, program, parameters)) {
    if (node.kind === 'source' || node.kind === 'constant') continue;
    const values = isConditionNode(node) ? store.condition(node) : store.baseColumn(node);
    if (typeof values === 'number') continue;
    trace.push(isConditionNode(node) ? { where, values, words: (value) => String(value === 1) } : { where, values });
  }
  const window = { history, from: 0, candles: history, dataHash: '' };
  const journal = new Journal(history.barCount);
  const profile = { ...PROFILES.close, arithmetic };
  const execution = { profile, ...profile.defaults, direction: 'both', costs: COSTS, calendar: 'continuous' } as const;
  const runner = barRunner({ strategy, execution, window, cacheBytes: cache.cacheBytes }, program, { journal, bars });
  runner.select(parameters);
  const { equity } = runner.run({});
  trace.push({ where: `orders of ${strategy.name}`, values: journal.values, words: journal.wordsOf, isDecision: true });
  trace.push({ where: `equity of ${strategy.name}`, values: equity });
  return trace;
}
