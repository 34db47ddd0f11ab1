// Models as flat arrays in shared memory: what threads hand each other, and what is evaluated.
import type { RidgeModel } from './ridge.ts';

/** What a LightGBM objective makes of the sum of its trees. */
export type ForestLink = 'identity' | 'signed-square' | 'exp' | 'sigmoid' | 'log1p-exp' | 'softmax';

/** How a node decides. `plain` nodes send a missing value right, `missing-left` ones left. */
export const PLAIN = 0;
export const MISSING_LEFT = 1;
/** Zero counts as missing, too. */
export const ZERO_RIGHT = 2;
export const ZERO_LEFT = 3;
export const CATEGORY = 4;

/** Leaves of linear trees: constant + sum of coefficient * feature. */
export interface LinearLeaves {
  readonly constant: Float64Array;
  /** Terms of leaf n lie from start[n] to start[n + 1]. */
  readonly start: Int32Array;
  readonly feature: Int32Array;
  readonly coefficient: Float64Array;
}

/** Trees of LightGBM. All arrays are views of shared memory; nodes and leaves of all trees are numbered through. */
export interface PackedForest {
  readonly kind: 'lightgbm';
  readonly features: number;
  /** Tree t belongs to class t % classes. */
  readonly classes: number;
  readonly link: ForestLink;
  /** Steepness of the sigmoid. */
  readonly sigmoid: number;
  /** Trees are averaged, as in a random forest. */
  readonly isAverage: boolean;
  /** Per tree its first node, or ~leaf where it has no node. */
  readonly root: Int32Array;
  /** Per tree 1 where all its nodes are PLAIN or MISSING_LEFT. */
  readonly isNumeric: Uint8Array;
  readonly feature: Int32Array;
  /** For CATEGORY the number of its set of categories. */
  readonly threshold: Float64Array;
  readonly decision: Uint8Array;
  /** Left and right child of node n at 2n and 2n + 1: a node, or ~leaf. */
  readonly child: Int32Array;
  readonly leaf: Float64Array;
  /** Words of set s lie from categoryStart[s] to categoryStart[s + 1]; bit c says that category c goes left. */
  readonly categoryStart: Int32Array;
  readonly categoryBits: Uint32Array;
  readonly linear: LinearLeaves | undefined;
}

/** An ONNX file as it is; the package that runs it is loaded where it is needed. */
export interface OnnxModel {
  readonly kind: 'onnx';
  /** As the strategy names it. */
  readonly name: string;
  /** In shared memory. */
  readonly bytes: Uint8Array;
  /** From which onnxruntime-node is imported. */
  readonly runtimeUrl: string;
}

/** Plain data and shared memory only: it can be posted to another thread without a copy. */
export type PackedModel = PackedForest | RidgeModel | OnnxModel;

/** Bytes that a model holds. */
export function packedBytes(model: PackedModel): number {
  if (model.kind === 'ridge') return model.coefficients.length * 24;
  if (model.kind === 'onnx') return model.bytes.byteLength;
  const { linear } = model;
  const arrays: readonly { readonly byteLength: number }[] = [
    model.root,
    model.isNumeric,
    model.feature,
    model.threshold,
    model.decision,
    model.child,
    model.leaf,
    model.categoryStart,
    model.categoryBits,
    ...(linear === undefined ? [] : [linear.constant, linear.start, linear.feature, linear.coefficient]),
  ];
  return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

export const sharedFloats = (values: ArrayLike<number>): Float64Array => {
  const out = new Float64Array(new SharedArrayBuffer(values.length * 8));
  out.set(values);
  return out as Float64Array;
};
export const sharedInts = (values: ArrayLike<number>): Int32Array => {
  const out = new Int32Array(new SharedArrayBuffer(values.length * 4));
  out.set(values);
  return out as Int32Array;
};
export const sharedWords = (values: ArrayLike<number>): Uint32Array => {
  const out = new Uint32Array(new SharedArrayBuffer(values.length * 4));
  out.set(values);
  return out as Uint32Array;
};
export const sharedBytes = (values: ArrayLike<number>): Uint8Array => {
  const out = new Uint8Array(new SharedArrayBuffer(values.length));
  out.set(values);
  return out as Uint8Array;
};
