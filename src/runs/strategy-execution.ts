// The execution of a strategy of any kind: controllers have assumptions of their own.
import { AppError } from '../core/errors.ts';
import type { Axis } from '../strategy/parameters.ts';
import type { RiskAxes, Strategy } from '../strategy/strategy.ts';
import type { ExecutionRequest } from '../sweep/request.ts';
import type { CandleContext } from './candle-source.ts';
import { controllerExecution } from './controller-execution.ts';
import { type ExecutionSelection, executionRequest } from './execution-selection.ts';
import type { GivenRules } from './instrument-rules.ts';

/**
 * The request for a strategy and the axes that it is asked for. A controller has its own defaults, its capital unless --cash
 * names another, and the trading rules of its instrument where they are known. Errors: PROFILE_UNKNOWN, REQUEST_INVALID
 * for options that a controller does not obey, those of findInstrumentRules.
 */
export async function strategyExecution(
  selection: ExecutionSelection,
  strategy: Strategy,
  axes: { readonly parameters: Readonly<Record<string, Axis>>; readonly risk: RiskAxes },
  context: Pick<CandleContext, 'folder' | 'storeRoot'> & { readonly rules?: GivenRules },
): Promise<ExecutionRequest> {
  const { program } = strategy;
  if (program?.kind === 'controller')
    return controllerExecution(selection, strategy.name, program.given, axes, context);
  if (selection.instruments !== undefined) {
    throw new AppError('REQUEST_INVALID', {
      rule: '--instruments shapes the grids of a Hummingbot controller.',
      found: `--instruments with ${strategy.name}.`,
      todo: 'Leave it out; --size-step, --min-size and --min-notional do the same for signals.',
    });
  }
  return executionRequest(selection);
}
