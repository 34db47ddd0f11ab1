// Indicators for the WebAssembly twin: which functions of the module make each output, in which columns.
import { assert } from '../core/assert.ts';
import type { IndicatorName } from '../indicators/definition.ts';
import { exponentialWeight, wilderWeight } from '../indicators/smoothing.ts';
import type { IndicatorCall } from './indicator-kernels.ts';
import type { WasmFunction } from './web-assembly.ts';

/** Functions of src/kernels/assembly/index.ts that indicators are made of. */
export type IndicatorExports = Readonly<
  Record<
    | 'rollingMean'
    | 'rollingDeviation'
    | 'rsi'
    | 'vectorbtRsi'
    | 'smooth'
    | 'vectorbtDeviation'
    | 'vectorbtExponentialMean'
    | 'vectorbtMean',
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
  readonly outputs: readonly (number | undefined)[];
  /** Columns to work in: the wanted outputs, then the scratch columns. */
  readonly work: readonly number[];
}

const RUNS: Readonly<Partial<Record<IndicatorName, (places: Places) => void>>> = {
  sma: (places) => mean(places, places.work[0], places.inputs[0], places.params[0]),
  ema: (places) => exponentialMean(places, places.work[0], places.inputs[0], places.params[0]),
  rsi: ({ kernels, bars, params: [length], vectorbt, inputs: [source], work: [out] }) => {
    if (vectorbt) kernels.vectorbtRsi(out, source, bars, lengthIn(bars, length));
    else kernels.rsi(out, source, bars, lengthIn(bars, length), wilderWeight(length));
  },
  stdev: (places) => deviation(places, places.work[0], places.inputs[0], places.params[0], places.work[1]),
};

/** Computes the outputs that `call` wants. */
export function runIndicator(kernels: IndicatorExports, call: IndicatorCall): void {
  const run = RUNS[call.indicator];
  assert(run !== undefined, 'an indicator without a kernel is left to its normative function');
  const outputs = call.outputs.map((column) => column?.byteOffset);
  run({
    kernels,
    bars: call.inputs[0].length,
    params: call.params,
    vectorbt: call.arithmetic === 'vectorbt',
    inputs: call.inputs.map((column) => column.byteOffset),
    outputs,
    work: [...outputs.filter((place) => place !== undefined), ...call.scratch.map((column) => column.byteOffset)],
  });
}

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

function deviation(
  { kernels, bars, vectorbt }: Places,
  out: number,
  column: number,
  length: number,
  work: number,
): void {
  if (vectorbt) kernels.vectorbtDeviation(out, column, bars, lengthIn(bars, length));
  else kernels.rollingDeviation(out, column, bars, lengthIn(bars, length), work);
}
