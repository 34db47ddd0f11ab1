// A controller's file sets a dozen numbers of which a sweep varies two: tables show what varies and say the rest once.
import { formatParameter } from '../report/format.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import { runsControllers } from './execution-words.ts';
import type { ManyRecord } from './many-record.ts';
import type { ResultRecord } from './result-record.ts';

type Axes = ResultRecord['grid']['parameters'];

/** Parameters of one value in a sweep of a controller; none in sweeps of other strategies, which name few. */
export function fixedParameters({ execution, grid }: Pick<ResultRecord, 'execution' | 'grid'>): Axes {
  if (!runsControllers(execution)) return {};
  return Object.fromEntries(Object.entries(grid.parameters).filter(([, values]) => values.length === 1));
}

/** `stop_loss 0.01, take_profit 0.02`, in the order of the file; empty when nothing is fixed. */
export function fixedText(record: Pick<ResultRecord, 'execution' | 'grid'>): string {
  const fixed = fixedParameters(record);
  const names = record.grid.parameterNames.filter((name) => Object.hasOwn(fixed, name));
  return names.map((name) => `${name} ${formatParameter(fixed[name]![0]!)}`).join(', ');
}

type Row = { readonly params: ParameterValues };

const without =
  (fixed: Axes) =>
  <T extends Row>(row: T): T => ({
    ...row,
    params: Object.fromEntries(Object.entries(row.params).filter(([name]) => !Object.hasOwn(fixed, name))),
  });

/** The record as tables show it: rows without the parameters that are the same in all of them. */
export function withVariedParameters(record: ResultRecord): ResultRecord {
  const fixed = fixedParameters(record);
  return Object.keys(fixed).length === 0 ? record : { ...record, top: record.top.map(without(fixed)) };
}

export function manyWithVariedParameters(record: ManyRecord): ManyRecord {
  const fixed = fixedParameters(record);
  if (Object.keys(fixed).length === 0) return record;
  const varied = without(fixed);
  return {
    ...record,
    top: record.top.map(varied),
    markets: record.markets.map((market) => ({ ...market, top: market.top.map(varied) })),
    cells: record.cells.map((cell) => ({ ...cell, best: cell.best === null ? null : varied(cell.best) })),
  };
}
