// defineBarStrategy: a strategy as code that is called at the close of every bar and places orders.
import { AppError } from '../core/errors.ts';
import type { BarContext, BarInit } from './bar-context.ts';
import type { Column } from './expression.ts';
import type { Axis } from './parameters.ts';
import type { BarProgram } from './program.ts';
import { checkedHead, type Strategy, type StrategyHead } from './strategy.ts';

type Values<P> = { readonly [K in keyof P]: number };

export interface BarStrategyInput<P extends Readonly<Record<string, Axis>>, State> extends StrategyHead<P> {
  /** Called before the first bar of each variant: declares columns and returns the state that `onBar` gets. */
  readonly init: (context: BarInit<Values<P>>) => State;
  /**
   * Columns of prediction models that `init` declares, made once outside of it: their files are read by the loader, which
   * must know them before anything runs.
   */
  readonly models?: readonly Column[];
  /** Called at the close of each bar. Whatever it remembers belongs in the state. */
  readonly onBar: (context: BarContext<Values<P>>, state: State) => void;
}

/**
 * Defines a strategy that trades bar by bar, with orders of its own. It runs under the profiles `close` and `next-open`.
 * Errors: STRATEGY_INVALID with what to change.
 */
export function defineBarStrategy<const P extends Readonly<Record<string, Axis>>, State>(
  input: BarStrategyInput<P, State>,
): Strategy {
  const head = checkedHead(input);
  for (const name of ['init', 'onBar'] as const) {
    if (typeof input[name] === 'function') continue;
    throw new AppError('STRATEGY_INVALID', {
      rule: 'A bar strategy has two functions, init and onBar.',
      found: `${head.name} without ${name}.`,
      todo: 'Give init: (context) => state and onBar: (context, state) => void.',
    });
  }
  const { init, onBar, models = [] } = input as unknown as Omit<BarProgram, 'kind' | 'models'> & Partial<BarProgram>;
  return { ...head, signals: undefined, compute: undefined, program: { kind: 'bars', init, onBar, models } };
}
