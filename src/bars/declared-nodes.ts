// Which columns and conditions a bar strategy declares for some parameters, learnt by calling its init without any candles.
import type { Timeframe } from '../market/timeframe.ts';
import type { CandleSeries, Flags, Position, Series } from '../strategy/bar-context.ts';
import { declaredOnly } from '../strategy/declared-parameters.ts';
import { type Column, type Condition, on } from '../strategy/expression.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { BarProgram } from '../strategy/program.ts';
import { BarFlags, BarSeries, NO_BAR } from './series.ts';
import { Slot } from './slot.ts';

const NO_CURSOR = { bar: NO_BAR };
const NO_VALUES = new Float64Array(0);
/** Every stream is as good as another where nothing is simulated. */
const ANY_NUMBER = 0.5;

/** In the order declared. Errors: whatever init throws. */
export function declaredNodes(
  program: BarProgram,
  strategyName: string,
  parameters: ParameterValues,
  timeframe: Timeframe,
): readonly (Column | Condition)[] {
  const declared: (Column | Condition)[] = [];
  const series: Series = new BarSeries(NO_VALUES, NO_CURSOR);
  const flags: Flags = new BarFlags(new Uint8Array(0), NO_CURSOR);
  const candles: CandleSeries = {
    time: series,
    open: series,
    high: series,
    low: series,
    close: series,
    volume: series,
  };
  program.init({
    parameters: declaredOnly(strategyName, 'init', parameters),
    timeframe,
    initialCash: 1,
    candles,
    position: (tag = 'main'): Position => new Slot(tag, {}, { bar: NO_BAR, close: Number.NaN }),
    random: () => ANY_NUMBER,
    column: (column) => {
      declared.push(column);
      return series;
    },
    condition: (condition) => {
      declared.push(condition);
      return flags;
    },
    higher: (text) => {
      declared.push(on(text).close);
      return candles;
    },
  });
  return declared;
}
