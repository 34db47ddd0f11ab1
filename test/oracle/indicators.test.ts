// Do the indicators give the values of an established library, on every row of its own regression tables?
import { describe, expect, test } from 'vitest';
import type { IndicatorDefinition, IndicatorName } from '../../src/indicators/registry.ts';
import { INDICATORS } from '../../src/indicators/registry.ts';
import { createWasm, kernelOutputs } from '../twins/twins.ts';
import { countOracle, describeOracle, readShared } from './oracle.ts';

/** Relative to the larger of |expected| and 1: lines that cross zero are held to an absolute 1e-11. */
const TOLERANCE = 1e-11;
const BARS = 502;
const QUOTES = 'oracles/indicators/quotes_default.csv';

/** One compared column of a table: which indicator, its parameters, and the output of that column. */
interface Case {
  readonly table: string;
  readonly column: string;
  readonly indicator: IndicatorName;
  readonly params: readonly number[];
  readonly output: string;
}

const cases = (
  table: string,
  indicator: IndicatorName,
  params: readonly number[],
  columns: Readonly<Record<string, string>>,
): Case[] =>
  Object.entries(columns).map(([column, output]) => ({ table: `${table}.csv`, column, indicator, params, output }));

// Column of the table: our output. Left out: columns that are no output of ours (dx, adxr, atrp, momentum, percentJ,
// channel widths) and the second names that stoch.csv gives to its columns.
const CASES: readonly Case[] = [
  ...cases('sma', 'sma', [20], { sma: 'sma' }),
  ...cases('ema', 'ema', [20], { ema: 'ema' }),
  ...cases('wma', 'wma', [14], { wma: 'wma' }),
  ...cases('rsi', 'rsi', [14], { rsi: 'rsi' }),
  ...cases('macd', 'macd', [12, 26, 9], { macd: 'macd', signal: 'signal', histogram: 'histogram' }),
  ...cases('macd', 'ema', [12], { fastEma: 'ema' }),
  ...cases('macd', 'ema', [26], { slowEma: 'ema' }),
  ...cases('bb', 'bollinger', [20, 2], {
    sma: 'middle',
    upperBand: 'upper',
    lowerBand: 'lower',
    percentB: 'percentB',
    width: 'bandwidth',
  }),
  ...cases('bb', 'zscore', [20], { zScore: 'zscore' }),
  ...cases('atr', 'atr', [14], { atr: 'atr' }),
  ...cases('atr', 'atr', [1], { tr: 'atr' }),
  ...cases('adx', 'adx', [14], { adx: 'adx', pdi: 'plusDI', mdi: 'minusDI' }),
  ...cases('stoch', 'stochastic', [14, 3, 3], { oscillator: 'k', signal: 'd' }),
  ...cases('donchian', 'donchian', [20], { upperBand: 'upper', lowerBand: 'lower', centerline: 'middle' }),
  ...cases('keltner', 'keltner', [20, 2, 10], { upperBand: 'upper', lowerBand: 'lower', centerline: 'middle' }),
  ...cases('supertrend', 'supertrend', [10, 3], { superTrend: 'line' }),
  ...cases('cci', 'cci', [20], { cci: 'cci' }),
  ...cases('obv', 'obv', [], { obv: 'obv' }),
  ...cases('vwap', 'vwap', [], { vwap: 'vwap' }),
  ...cases('roc', 'roc', [14], { roc: 'roc' }),
  ...cases('stdev', 'stdev', [14], { stdDev: 'stdev' }),
  ...cases('stdev', 'sma', [14], { mean: 'sma' }),
  ...cases('stdev', 'zscore', [14], { zScore: 'zscore' }),
];

/** Columns of a CSV by header; an empty field is NaN. */
function readColumns(path: string): Map<string, Float64Array> {
  const [header, ...rows] = readShared(path)
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  return new Map(
    header.map((name, index) => [
      name,
      Float64Array.from(rows, (row) => (row[index] === '' ? Number.NaN : Number(row[index]))),
    ]),
  );
}

const columnOf = (table: Map<string, Float64Array>, name: string): Float64Array => {
  const column = table.get(name);
  if (column === undefined) throw new Error(`The table has a column ${name}.`);
  return column;
};

type Compute = (definition: IndicatorDefinition, inputs: Float64Array[], params: readonly number[]) => Float64Array[];

const normative: Compute = (definition, inputs, params) => definition.compute(inputs, params, 'standard');
const { wasm, arena } = createWasm(1 << 18);
const kernels: Compute = ({ name }, inputs, params) => kernelOutputs(wasm, arena, name, inputs, params, 'standard');

function outputOf(by: Compute, indicator: IndicatorName, params: readonly number[], output: string): Float64Array {
  const quotes = readColumns(QUOTES);
  const definition = INDICATORS[indicator];
  const inputs = definition.inputs.map((input) => columnOf(quotes, input === 'source' ? 'close' : input));
  return by(definition, inputs, params)[definition.outputs.indexOf(output)];
}

/** First row whose value is missing on one side only, or differs by more than the tolerance; null when none. */
function firstDifference(actual: Float64Array, expected: Float64Array): string | null {
  for (let row = 0; row < expected.length; row++) {
    const a = actual[row];
    const e = expected[row];
    const same = Number.isNaN(e) ? Number.isNaN(a) : Math.abs(a - e) <= TOLERANCE * Math.max(Math.abs(e), 1);
    if (!same) return `row ${row}: ${a}, expected ${e}`;
  }
  return null;
}

const FILES = [QUOTES, ...new Set(CASES.map((entry) => `oracles/indicators/results/${entry.table}`))];

const ENGINES = [
  { engine: 'the normative functions', by: normative },
  { engine: 'the kernels', by: kernels },
];

describeOracle('Indicator tables', FILES, ENGINES.length * (CASES.length + 1), () => {
  describe.each(ENGINES)('by $engine', ({ by }) => {
    test.each(CASES)('$table $column is $indicator($params) $output on every row', (entry) => {
      const expected = columnOf(readColumns(`oracles/indicators/results/${entry.table}`), entry.column);
      const actual = outputOf(by, entry.indicator, entry.params, entry.output);
      expect(expected.length).toBe(BARS);
      expect(actual.length).toBe(BARS);
      expect(firstDifference(actual, expected)).toBeNull();
      countOracle(1);
    });

    test('supertrend.csv gives the lower band exactly in uptrends and the upper one in downtrends', () => {
      const table = readColumns('oracles/indicators/results/supertrend.csv');
      const lower = columnOf(table, 'lowerBand');
      const upper = columnOf(table, 'upperBand');
      const direction = outputOf(by, 'supertrend', [10, 3], 'direction');
      const expected = lower.map((band, row) => (!Number.isNaN(band) ? 1 : Number.isNaN(upper[row]) ? Number.NaN : -1));
      expect(firstDifference(direction, expected)).toBeNull();
      countOracle(1);
    });
  });
});
