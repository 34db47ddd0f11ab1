// Indicators for the WebAssembly twin: which functions of the module make each output, in which columns.
import { assert } from '../core/assert.ts';
import type { IndicatorName } from '../indicators/definition.ts';
import { exponentialWeight, wilderWeight } from '../indicators/smoothing.ts';
import { type IndicatorCall, indicatorScratch } from './indicator-kernels.ts';
import type { WasmFunction } from './web-assembly.ts';

/** Functions of src/kernels/assembly/index.ts that indicators are made of. */
export type IndicatorExports = Readonly<
  Record<
    | 'averageTrueRange'
    | 'balanceVolume'
    | 'bands'
    | 'changes'
    | 'channelIndex'
    | 'clearBars'
    | 'difference'
    | 'directionalIndex'
    | 'inverseRatios'
    | 'macd'
    | 'middle'
    | 'positionInRange'
    | 'quotient'
    | 'rateOfChange'
    | 'rollingDeviation'
    | 'rollingHighest'
    | 'rollingLowest'
    | 'rollingMean'
    | 'rsi'
    | 'smooth'
    | 'supertrend'
    | 'typicalPrice'
    | 'vectorbtBalanceVolume'
    | 'vectorbtDeviation'
    | 'vectorbtExponentialMean'
    | 'vectorbtMean'
    | 'vectorbtPositionInRange'
    | 'vectorbtRsi'
    | 'vectorbtTrueRange'
    | 'volumeWeightedPrice'
    | 'weightedMean',
    WasmFunction
  >
>;

/** A call with addresses (byte offsets) for columns. */
interface Places {
  readonly kernels: IndicatorExports;
  readonly bars: number;
  readonly params: readonly number[];
  readonly vectorbt: boolean;
  readonly inputs: readonly number[];
  /** 0 where the output is not wanted. */
  readonly outputs: readonly number[];
  /** One bit per output that is wanted, the first output lowest. */
  readonly wanted: number;
  /** Columns to work in, as many as indicator-kernels.ts says: the wanted outputs in their order, then scratch columns. */
  readonly work: readonly number[];
}

/** Computes the outputs that `call` wants. */
export function runIndicator(kernels: IndicatorExports, call: IndicatorCall): void {
  const isWanted = call.outputs.map((column) => column !== undefined);
  const needed = indicatorScratch(call.indicator, isWanted, call.arithmetic);
  assert(call.scratch.length >= needed, 'an indicator kernel is lent the scratch columns that it needs');
  const lent = [...call.outputs.filter((column) => column !== undefined), ...call.scratch];
  RUNS[call.indicator]({
    kernels,
    bars: call.inputs[0].length,
    params: call.params,
    vectorbt: call.arithmetic === 'vectorbt',
    inputs: call.inputs.map((column) => column.byteOffset),
    outputs: call.outputs.map((column) => column?.byteOffset ?? 0),
    wanted: isWanted.reduce((bits, wanted, index) => bits | (wanted ? 1 << index : 0), 0),
    work: lent.map((column) => column.byteOffset),
  });
}

const RUNS: Readonly<Record<IndicatorName, (places: Places) => void>> = {
  sma: (places) => mean(places, places.work[0], places.inputs[0], places.params[0]),
  ema: (places) => exponentialMean(places, places.work[0], places.inputs[0], places.params[0]),
  wma: ({ kernels, bars, params: [length], inputs: [source], work: [out] }) =>
    kernels.weightedMean(out, source, bars, lengthIn(bars, length)),
  rsi: ({ kernels, bars, params: [length], vectorbt, inputs: [source], work: [out] }) => {
    if (vectorbt) kernels.vectorbtRsi(out, source, bars, lengthIn(bars, length));
    else kernels.rsi(out, source, bars, lengthIn(bars, length), wilderWeight(length));
  },
  rsiEwm: exponentialRsi,
  macd: (places) => (places.vectorbt ? macdOf(places, mean) : exponentialMacd(places)),
  macdEwm: (places) => (places.vectorbt ? macdOf(places, exponentialMean) : exponentialMacd(places)),
  bollinger: (places) => {
    const { kernels, bars, params, inputs, outputs, wanted, work } = places;
    const [length, width] = params;
    deviation(places, work[0], inputs[0], length, work[1]);
    mean(places, work[1], inputs[0], length);
    const [middle, upper, lower, percentB, bandwidth] = outputs;
    kernels.bands(middle, upper, lower, percentB, bandwidth, wanted, inputs[0], work[1], work[0], width, bars);
  },
  atr: (places) => averageRange(places, places.work[0], places.params[0], places.vectorbt),
  adx: ({ kernels, bars, params: [length], inputs: [high, low, close], outputs: [adx, plus, minus], wanted }) => {
    const weight = wilderWeight(length);
    kernels.directionalIndex(adx, plus, minus, wanted, high, low, close, bars, lengthIn(bars, length), weight);
  },
  stochastic,
  donchian,
  keltner: (places) => {
    const { kernels, bars, params, inputs, outputs, wanted, work } = places;
    const [length, multiplier, atrLength] = params;
    const [upper, middle, lower] = outputs;
    averageRange(places, work[0], atrLength, false);
    kernels.smooth(work[1], inputs[2], bars, lengthIn(bars, length), exponentialWeight(length));
    // Bits of `bands`: middle, upper, lower; ours: upper, middle, lower.
    const bits = ((wanted >> 1) & 1) | ((wanted & 1) << 1) | (wanted & 4);
    kernels.bands(middle, upper, lower, 0, 0, bits, inputs[2], work[1], work[0], multiplier, bars);
  },
  supertrend: (places) => {
    const { kernels, bars, params, inputs, outputs, wanted, work } = places;
    const [high, low, close] = inputs;
    averageRange(places, work[0], params[0], false);
    kernels.supertrend(outputs[0], outputs[1], wanted, work[0], high, low, close, bars, params[1]);
  },
  cci: ({ kernels, bars, params: [length], inputs: [high, low, close], work: [out, price] }) => {
    kernels.typicalPrice(price, high, low, close, bars);
    kernels.rollingMean(out, price, bars, lengthIn(bars, length));
    kernels.channelIndex(out, price, bars, lengthIn(bars, length));
  },
  obv: ({ kernels, bars, vectorbt, inputs: [close, volume], work: [out] }) => {
    const run = vectorbt ? kernels.vectorbtBalanceVolume : kernels.balanceVolume;
    run(out, close, volume, bars);
  },
  vwap: ({ kernels, bars, inputs: [high, low, close, volume], work: [out] }) =>
    kernels.volumeWeightedPrice(out, high, low, close, volume, bars),
  roc: ({ kernels, bars, params: [length], inputs: [source], work: [out] }) =>
    kernels.rateOfChange(out, source, bars, lengthIn(bars, length)),
  stdev: (places) => deviation(places, places.work[0], places.inputs[0], places.params[0], places.work[1]),
  highest: ({ kernels, bars, params: [length], inputs: [source], work: [out] }) =>
    kernels.rollingHighest(out, source, bars, lengthIn(bars, length)),
  lowest: ({ kernels, bars, params: [length], inputs: [source], work: [out] }) =>
    kernels.rollingLowest(out, source, bars, lengthIn(bars, length)),
  zscore: (places) => {
    const { kernels, bars, params, inputs, work } = places;
    deviation(places, work[0], inputs[0], params[0], work[1]);
    mean(places, work[1], inputs[0], params[0]);
    kernels.quotient(work[0], inputs[0], work[1], work[0], bars);
  },
};

/** The length for a kernel, which counts in 32 bits: all lengths beyond the column are one. */
const lengthIn = (bars: number, length: number): number => Math.min(length, bars + 1);

function mean({ kernels, bars, vectorbt }: Places, out: number, column: number, length: number): void {
  const average = vectorbt ? kernels.vectorbtMean : kernels.rollingMean;
  average(out, column, bars, lengthIn(bars, length));
}

function exponentialMean({ kernels, bars, vectorbt }: Places, out: number, column: number, length: number): void {
  if (vectorbt) kernels.vectorbtExponentialMean(out, column, bars, lengthIn(bars, length), 1 / (1 + (length - 1) / 2));
  else kernels.smooth(out, column, bars, lengthIn(bars, length), exponentialWeight(length));
}

/** `work` is used in the standard arithmetic only. */
function deviation(places: Places, out: number, column: number, length: number, work: number): void {
  const { kernels, bars, vectorbt } = places;
  if (vectorbt) kernels.vectorbtDeviation(out, column, bars, lengthIn(bars, length));
  else kernels.rollingDeviation(out, column, bars, lengthIn(bars, length), work);
}

/** Average true range of the high, low and close that are the inputs. */
function averageRange(places: Places, out: number, length: number, vectorbt: boolean): void {
  const { kernels, bars, inputs } = places;
  const [high, low, close] = inputs;
  if (vectorbt) {
    kernels.vectorbtTrueRange(out, high, low, close, bars);
    exponentialMean(places, out, out, length);
  } else {
    kernels.averageTrueRange(out, high, low, close, bars, lengthIn(bars, length), wilderWeight(length));
  }
}

function exponentialRsi(places: Places): void {
  const { kernels, bars, params, vectorbt, inputs, work } = places;
  const [length] = params;
  if (!vectorbt) {
    kernels.rsi(work[0], inputs[0], bars, lengthIn(bars, length), exponentialWeight(length));
    return;
  }
  kernels.changes(work[0], work[1], inputs[0], bars);
  exponentialMean(places, work[0], work[0], length);
  exponentialMean(places, work[1], work[1], length);
  kernels.inverseRatios(work[0], work[0], work[1], bars);
}

function exponentialMacd({ kernels, bars, params, inputs, outputs, wanted }: Places): void {
  const lengths = params.map((length) => lengthIn(bars, length));
  kernels.macd(
    outputs[0],
    outputs[1],
    outputs[2],
    wanted,
    inputs[0],
    bars,
    ...lengths,
    ...params.map(exponentialWeight),
  );
}

/** The three lines with any average that reads one column and writes another. */
function macdOf(places: Places, average: (places: Places, out: number, column: number, length: number) => void): void {
  const { kernels, bars, params, inputs, outputs, wanted, work } = places;
  const [fast, slow, signal] = params;
  const isLineWanted = (wanted & 1) !== 0;
  const line = isLineWanted ? outputs[0] : work[work.length - 1];
  const other = isLineWanted ? work[1] : work[0];
  average(places, line, inputs[0], fast);
  average(places, other, inputs[0], slow);
  kernels.difference(line, line, other, bars);
  if ((wanted & 6) === 0) return;
  average(places, other, line, signal);
  if ((wanted & 4) !== 0) kernels.difference(outputs[2], line, other, bars);
}

function stochastic(places: Places): void {
  const { kernels, bars, params, vectorbt, inputs, outputs, wanted, work } = places;
  const [high, low, close] = inputs;
  const [length, smoothK, smoothD] = params;
  const k = (wanted & 1) !== 0 ? outputs[0] : work[1];
  const d = (wanted & 2) !== 0 ? outputs[1] : work[1];
  kernels.rollingHighest(k, high, bars, lengthIn(bars, length));
  kernels.rollingLowest(d, low, bars, lengthIn(bars, length));
  const position = vectorbt ? kernels.vectorbtPositionInRange : kernels.positionInRange;
  const raw = smoothK === 1 ? k : d;
  position(raw, close, k, d, bars);
  if (smoothK !== 1) mean(places, k, raw, smoothK);
  if ((wanted & 2) !== 0) mean(places, d, k, smoothD);
}

function donchian(places: Places): void {
  const { kernels, bars, params, inputs, outputs, wanted, work } = places;
  if (bars === 0) return;
  const isUpperWanted = (wanted & 1) !== 0;
  const isLowerWanted = (wanted & 2) !== 0;
  const isMiddleWanted = (wanted & 4) !== 0;
  // The middle needs both lines: one that is not wanted lies in the middle's own column, or in a scratch column.
  const upper = isUpperWanted ? outputs[0] : isLowerWanted ? work[1] : work[0];
  const lower = isLowerWanted ? outputs[1] : work[1];
  if (isUpperWanted || isMiddleWanted) previousExtreme(places, kernels.rollingHighest, upper, inputs[0], params[0]);
  if (isLowerWanted || isMiddleWanted) previousExtreme(places, kernels.rollingLowest, lower, inputs[1], params[0]);
  if (isMiddleWanted) kernels.middle(outputs[2], upper, lower, bars);
}

/** `extreme` of the bars before each bar. */
function previousExtreme(
  { kernels, bars }: Places,
  extreme: WasmFunction,
  out: number,
  column: number,
  length: number,
): void {
  kernels.clearBars(out, 0, 1);
  extreme(out + 8, column, bars - 1, lengthIn(bars - 1, length));
}
