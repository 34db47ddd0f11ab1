// Fits GARCH(1,1) with zero mean and normal errors to one window of returns, by maximum likelihood.
import { log } from './elementary.ts';

export interface GarchFit {
  readonly omega: number;
  readonly alpha: number;
  readonly beta: number;
  /** Variance of the return after the last one. */
  readonly nextVariance: number;
  readonly logLikelihood: number;
}

/** The recursion starts from an average of this many squared returns, each weighing DECAY of the one before. */
const BACKCAST_RETURNS = 75;
const DECAY = 0.94;
/** alpha + beta stays below this. */
const PERSISTENCE_MAX = 1 - 1e-6;
const STARTS = { alpha: [0.02, 0.05, 0.1, 0.2], persistence: [0.5, 0.7, 0.9, 0.98] };
const STEPS_MAX = 200;
const GRADIENT_END = 1e-9;
const HALVINGS_MAX = 40;
/** Variances multiplied before one logarithm is taken of them all. */
const LOG_OF = 8;
const LOG_2PI = 1.8378770664093453;

/** Point, value and gradient of the mean negative log-likelihood, without its constant. */
interface Place {
  readonly at: readonly number[];
  readonly value: number;
  readonly gradient: readonly number[];
}

/**
 * Fits `squares`, the squared returns of one window in their order. Undefined where there is nothing to fit: no return
 * moves. Uses + - * / and square roots, and logarithms of our own, so that the bits are the same everywhere.
 */
export function fitGarch(squares: Float64Array): GarchFit | undefined {
  let total = 0;
  for (let i = 0; i < squares.length; i++) total += squares[i]!;
  const unit = total / squares.length;
  if (!(unit > 0) || !Number.isFinite(unit)) return undefined;
  const scaled = squares.map((square) => square / unit);
  const before = backcast(scaled);
  const best = minimise((at, wantsGradient) => placeAt(scaled, before, at, wantsGradient), bestStart(scaled, before));
  const [omega, alpha, beta] = parametersOf(best.at) as [number, number, number];
  let variance = omega + (alpha + beta) * before;
  for (let i = 0; i < scaled.length; i++) variance = omega + alpha * scaled[i]! + beta * variance;
  return {
    omega: omega * unit,
    alpha,
    beta,
    nextVariance: variance * unit,
    logLikelihood: -squares.length * (best.value + 0.5 * LOG_2PI + 0.5 * log(unit)),
  };
}

function backcast(squares: Float64Array): number {
  let weight = 1;
  let weights = 0;
  let sum = 0;
  for (let i = 0; i < Math.min(BACKCAST_RETURNS, squares.length); i++) {
    sum += weight * squares[i]!;
    weights += weight;
    weight *= DECAY;
  }
  return sum / weights;
}

/** Any number to the range from 0 to 1, and its slope. */
const bounded = (u: number): number => 0.5 + (0.5 * u) / Math.sqrt(1 + u * u);
const slope = (u: number): number => 0.5 / ((1 + u * u) * Math.sqrt(1 + u * u));
const unbounded = (share: number): number => (2 * share - 1) / Math.sqrt(1 - (2 * share - 1) * (2 * share - 1));

/** Omega, alpha and beta of a point: square root of the long-run variance, persistence, and alpha's share of it. */
function parametersOf([root, u, w]: readonly number[]): number[] {
  const persistence = PERSISTENCE_MAX * bounded(u!);
  const share = bounded(w!);
  return [root! * root! * (1 - persistence), persistence * share, persistence * (1 - share)];
}

function bestStart(squares: Float64Array, before: number): Place {
  let best: Place | undefined;
  for (const alpha of STARTS.alpha) {
    for (const persistence of STARTS.persistence) {
      const at = [1, unbounded(persistence / PERSISTENCE_MAX), unbounded(alpha / persistence)];
      const place = placeAt(squares, before, at, false);
      if (best === undefined || place.value < best.value) best = place;
    }
  }
  return placeAt(squares, before, best!.at, true);
}

function placeAt(squares: Float64Array, before: number, at: readonly number[], wantsGradient: boolean): Place {
  const [omega, alpha, beta] = parametersOf(at) as [number, number, number];
  const byParameter = [0, 0, 0];
  const value = wantsGradient
    ? likelihoodAndSlopes(squares, before, omega, alpha, beta, byParameter)
    : likelihood(squares, before, omega, alpha, beta);
  const [root, u, w] = at as readonly [number, number, number];
  const persistence = alpha + beta;
  const [toOmega, toAlpha, toBeta] = byParameter as [number, number, number];
  const share = bounded(w);
  const byPersistence = share * toAlpha + (1 - share) * toBeta - root * root * toOmega;
  const gradient = [
    2 * root * (1 - persistence) * toOmega,
    PERSISTENCE_MAX * slope(u) * byPersistence,
    slope(w) * persistence * (toAlpha - toBeta),
  ];
  return { at, value, gradient };
}

/** Mean of half of log variance + square / variance. */
function likelihood(squares: Float64Array, before: number, omega: number, alpha: number, beta: number): number {
  let variance = omega + (alpha + beta) * before;
  let product = 1;
  let sum = 0;
  const count = squares.length;
  for (let i = 0; i < count; i++) {
    const square = squares[i]!;
    product *= variance;
    if (i % LOG_OF === LOG_OF - 1) {
      sum += log(product);
      product = 1;
    }
    sum += square / variance;
    variance = omega + alpha * square + beta * variance;
  }
  return (0.5 * (sum + log(product))) / count;
}

/** As `likelihood`; writes its derivatives by omega, alpha and beta. */
function likelihoodAndSlopes(
  squares: Float64Array,
  before: number,
  omega: number,
  alpha: number,
  beta: number,
  out: number[],
): number {
  let variance = omega + (alpha + beta) * before;
  // Derivatives of the variance.
  let byOmega = 1;
  let byAlpha = before;
  let byBeta = before;
  let [toOmega, toAlpha, toBeta] = [0, 0, 0];
  let product = 1;
  let sum = 0;
  const count = squares.length;
  for (let i = 0; i < count; i++) {
    const square = squares[i]!;
    const inverse = 1 / variance;
    const weight = inverse * (1 - square * inverse);
    product *= variance;
    if (i % LOG_OF === LOG_OF - 1) {
      sum += log(product);
      product = 1;
    }
    sum += square * inverse;
    toOmega += weight * byOmega;
    toAlpha += weight * byAlpha;
    toBeta += weight * byBeta;
    byOmega = 1 + beta * byOmega;
    byAlpha = square + beta * byAlpha;
    byBeta = variance + beta * byBeta;
    variance = omega + alpha * square + beta * variance;
  }
  out[0] = (0.5 * toOmega) / count;
  out[1] = (0.5 * toAlpha) / count;
  out[2] = (0.5 * toBeta) / count;
  return (0.5 * (sum + log(product))) / count;
}

const dot = (a: readonly number[], b: readonly number[]): number => a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!;

/** Quasi-Newton (BFGS) with step halving, in three dimensions. */
function minimise(place: (at: readonly number[], wantsGradient: boolean) => Place, start: Place): Place {
  let here = start;
  let inverse = identity();
  for (let step = 0; step < STEPS_MAX; step++) {
    if (Math.max(...here.gradient.map(Math.abs)) < GRADIENT_END) break;
    let direction = inverse.map((row) => -dot(row, here.gradient));
    if (dot(direction, here.gradient) >= 0) {
      inverse = identity();
      direction = here.gradient.map((g) => -g);
    }
    const next = lineSearch(place, here, direction);
    if (next === undefined) break;
    inverse = updated(
      inverse,
      next.at.map((x, d) => x - here.at[d]!),
      next.gradient.map((g, d) => g - here.gradient[d]!),
    );
    here = next;
  }
  return here;
}

const identity = (): readonly (readonly number[])[] => [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

/** The first of ever shorter steps that falls enough; undefined where none does, which is at the minimum. */
function lineSearch(
  place: (at: readonly number[], wantsGradient: boolean) => Place,
  here: Place,
  direction: readonly number[],
): Place | undefined {
  const fall = dot(direction, here.gradient);
  let length = Math.min(1, 2 / Math.sqrt(dot(direction, direction)));
  for (let n = 0; n < HALVINGS_MAX; n++) {
    const at = here.at.map((x, d) => x + length * direction[d]!);
    const { value } = place(at, false);
    if (value <= here.value + 1e-4 * length * fall && value < here.value) return place(at, true);
    length /= 2;
  }
  return undefined;
}

/** The inverse Hessian after a step `s` over which the gradient changed by `y`. */
function updated(
  inverse: readonly (readonly number[])[],
  s: readonly number[],
  y: readonly number[],
): readonly (readonly number[])[] {
  const curvature = dot(s, y);
  if (!(curvature > 1e-14 * Math.sqrt(dot(s, s) * dot(y, y)))) return inverse;
  const moved = inverse.map((row) => dot(row, y));
  const scale = (1 + dot(y, moved) / curvature) / curvature;
  return inverse.map((row, i) =>
    row.map((h, j) => h + scale * s[i]! * s[j]! - (moved[i]! * s[j]! + s[i]! * moved[j]!) / curvature),
  );
}
