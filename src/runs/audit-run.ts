// The look-ahead audit of a named strategy over variants drawn from its grid.
import type { StopToken } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { profileNamed } from '../simulate/profiles.ts';
import type { Axis } from '../strategy/parameters.ts';
import { type AuditReport, auditStrategy } from '../sweep/audit.ts';
import { createGrid, parametersAt } from '../sweep/grid.ts';
import { baseVariants } from '../sweep/variants.ts';
import { checkParameters } from './parameter-names.ts';
import { loadNamedStrategy, type RunContext } from './sweep-run.ts';
import { SYNTHETIC_YEAR, syntheticMarket } from './synthetic-market.ts';
import { cutWindow, type LoadedWindow, loadWindow, type WindowSelection } from './window-selection.ts';

/** Synthetic candles for a check without data: two weeks of minutes hold 336 hourly candles. */
const SYNTHETIC_BARS = 20_160;

export interface AuditSelection {
  readonly strategy: string;
  /** Synthetic candles when left out. */
  readonly window?: WindowSelection;
  readonly parameters: Readonly<Record<string, Axis>>;
  readonly profile: string;
  readonly variants: number;
  readonly cuts: number;
  readonly seed: number;
  readonly stop: StopToken;
}

export interface NamedAudit {
  readonly report: AuditReport;
  readonly name: string;
  readonly market: string;
  readonly bars: number;
}

/** Errors: those of loading, GRID_INVALID, STRATEGY_FAILED. */
export async function auditNamed(selection: AuditSelection, context: RunContext): Promise<NamedAudit> {
  const { arithmetic } = profileNamed(selection.profile);
  const { strategy } = await loadNamedStrategy(selection.strategy, context);
  if (strategy.program?.kind === 'controller') throw hasNoSignals(strategy.name);
  checkParameters(strategy, selection.parameters);
  const grid = createGrid({ strategy, arithmetic, parameters: selection.parameters });
  const { window, loaded } = await auditWindow(selection.window, context);
  const variants = [...baseVariants(grid, { seed: selection.seed, sample: selection.variants })].map((index) =>
    parametersAt(grid, index),
  );
  if (variants.length === 0) {
    throw new AppError('GRID_INVALID', {
      found: `no variant that satisfies the constraint of ${strategy.name}.`,
      todo: 'Widen the ranges given with --set.',
    });
  }
  const { cuts, seed, stop } = selection;
  const { history } = window;
  const report = auditStrategy({ strategy, arithmetic, history, variants, cuts, seed, stop });
  return { report, name: strategy.name, market: `${loaded.label}, ${history.timeframe}`, bars: history.barCount };
}

const hasNoSignals = (name: string): AppError =>
  new AppError('STRATEGY_INVALID', {
    rule: 'gridmill check takes the future away from signals.',
    found: `${name}, a Hummingbot controller.`,
    todo: 'Use gridmill diff: its fixes say where the future is used in the profile hummingbot. hummingbot-corrected uses none.',
  });

async function auditWindow(selection: WindowSelection | undefined, context: RunContext): Promise<LoadedWindow> {
  if (selection !== undefined) return loadWindow(selection, context);
  const origin = { ...SYNTHETIC_YEAR, bars: SYNTHETIC_BARS };
  return cutWindow(syntheticMarket(origin, undefined, context.clock), { coldStart: false });
}
