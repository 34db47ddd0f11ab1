// The ranges of simulation settings under our own rules, checked once per run.
import { AppError } from '../core/errors.ts';
import type { SimulationSettings } from './simulation.ts';

function refuse(name: string, value: number, range: string): never {
  throw new AppError('REQUEST_INVALID', {
    rule: `${name} must be ${range}.`,
    found: `${value}.`,
    todo: `Set ${name} within that range.`,
  });
}

const isAtLeastZero = (value: number): boolean => Number.isFinite(value) && value >= 0;

/** Errors: REQUEST_INVALID with the member that is out of range. */
export function checkSettings({ initialCash, costs, sizing, barriers }: SimulationSettings): void {
  if (!(Number.isFinite(initialCash) && initialCash > 0)) refuse('initialCash', initialCash, 'a number above 0');
  if (!isAtLeastZero(costs.feeRate) || costs.feeRate >= 1) refuse('feeRate', costs.feeRate, 'in [0, 1)');
  if (!isAtLeastZero(costs.fixedFee)) refuse('fixedFee', costs.fixedFee, 'a number of at least 0');
  if (!isAtLeastZero(costs.slippage) || costs.slippage >= 1) refuse('slippage', costs.slippage, 'in [0, 1)');
  if (!(sizing.value > 0)) refuse('sizing.value', sizing.value, 'above 0');
  if (sizing.kind === 'equity-fraction' && sizing.value > 1) refuse('sizing.value', sizing.value, 'in (0, 1]');
  if (!isAtLeastZero(sizing.sizeStep)) refuse('sizing.sizeStep', sizing.sizeStep, 'a number of at least 0');
  if (!isAtLeastZero(sizing.minSize)) refuse('sizing.minSize', sizing.minSize, 'a number of at least 0');
  if (!isAtLeastZero(sizing.minNotional)) refuse('sizing.minNotional', sizing.minNotional, 'a number of at least 0');
  for (const name of ['stopLoss', 'takeProfit', 'trailingStop'] as const) {
    const value = barriers[name];
    if (value !== undefined && !(value > 0)) refuse(name, value, 'above 0');
  }
  const { timeLimit } = barriers;
  if (timeLimit !== undefined && !(Number.isInteger(timeLimit) && timeLimit >= 1)) {
    refuse('timeLimit', timeLimit, 'a whole number of bars of at least 1');
  }
}
