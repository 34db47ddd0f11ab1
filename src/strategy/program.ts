// Strategies that trade by themselves instead of giving signals: bar-by-bar code, and controllers with their executors.
import type { BarContext, BarInit } from './bar-context.ts';
import type { Column } from './expression.ts';
import type { ParameterValues } from './parameters.ts';

/** Code that is called at the close of every bar and places orders. */
export interface BarProgram {
  readonly kind: 'bars';
  /** Called before the first bar of every run: declares columns and returns the state. */
  readonly init: (context: BarInit<ParameterValues>) => unknown;
  readonly onBar: (context: BarContext<ParameterValues>, state: unknown) => unknown;
  /** Columns that read model files; `init` declares them like any other. */
  readonly models: readonly Column[];
}

/** One of Hummingbot's controllers: its configuration, once parsed, whose fields the parameters of a variant replace. */
export interface ControllerProgram {
  readonly kind: 'controller';
  readonly given: Readonly<Record<string, unknown>>;
}

/** Nothing but the normative engine runs a program. */
export type StrategyProgram = BarProgram | ControllerProgram;
