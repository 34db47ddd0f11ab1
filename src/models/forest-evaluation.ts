// Evaluates the trees of a LightGBM model: tree by tree over blocks of rows that stay in a core's own cache.
import { exp, log } from './elementary.ts';
import { CATEGORY, MISSING_LEFT, type PackedForest, ZERO_LEFT, ZERO_RIGHT } from './packed-model.ts';

export interface ForestOutput {
  /** Which class, of a model with several. */
  readonly output: number;
  /** The sum of the trees, before the objective makes a probability or a count of it. */
  readonly raw: boolean;
}

/** Rows of one block: with 20 features they take 160 kB. */
const BLOCK_ROWS = 1024;
/** LightGBM takes numbers as close to zero as this, a float32, for zero. */
const ZERO = Math.fround(1e-35);

/**
 * One prediction per row. `inputs` are the features as columns, in the order of training; NaN is a missing value, as in
 * training. Sums run over the trees in their order, so that they come out as LightGBM's own.
 */
export function evaluateForest(
  forest: PackedForest,
  inputs: readonly Float64Array[],
  { output, raw }: ForestOutput,
  rows: number,
): Float64Array {
  const { classes, link } = forest;
  const out = new Float64Array(rows);
  const block = new Float64Array(BLOCK_ROWS * forest.features);
  // A softmax is over all classes; else only the trees of the class wanted are walked.
  const needsAll = link === 'softmax' && !raw;
  const sums = new Float64Array(BLOCK_ROWS * (needsAll ? classes : 1));
  for (let from = 0; from < rows; from += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows - from);
    const isWhole = gather(block, inputs, from, count);
    sums.fill(0);
    for (let tree = needsAll ? 0 : output; tree < forest.root.length; tree += needsAll ? 1 : classes) {
      const offset = needsAll ? (tree % classes) * BLOCK_ROWS : 0;
      if (forest.linear !== undefined) addLinearTree(forest, tree, block, count, sums, offset);
      else if (isWhole && forest.isNumeric[tree] === 1) addNumericTree(forest, tree, block, count, sums, offset);
      else addTree(forest, tree, block, count, sums, offset);
    }
    finish(forest, sums, count, { output, raw }, needsAll, out, from);
  }
  return out;
}

/** Lays rows out one behind the other. True when no value is missing. */
function gather(block: Float64Array, inputs: readonly Float64Array[], from: number, count: number): boolean {
  const width = inputs.length;
  let isWhole = true;
  for (let f = 0; f < width; f++) {
    const input = inputs[f]!;
    for (let r = 0, at = f; r < count; r++, at += width) {
      const value = input[from + r]!;
      if (value >= -ZERO && value <= ZERO) block[at] = 0;
      else {
        block[at] = value;
        if (Number.isNaN(value)) isWhole = false;
      }
    }
  }
  return isWhole;
}

/** For rows without missing values, and trees whose nodes compare numbers only. */
function addNumericTree(
  forest: PackedForest,
  tree: number,
  block: Float64Array,
  count: number,
  sums: Float64Array,
  offset: number,
): void {
  const { features, feature, threshold, child, leaf } = forest;
  const root = forest.root[tree]!;
  for (let r = 0, base = 0; r < count; r++, base += features) {
    let node = root;
    while (node >= 0) node = child[2 * node + (block[base + feature[node]!]! <= threshold[node]! ? 0 : 1)]!;
    sums[offset + r] = sums[offset + r]! + leaf[~node]!;
  }
}

function addTree(
  forest: PackedForest,
  tree: number,
  block: Float64Array,
  count: number,
  sums: Float64Array,
  offset: number,
): void {
  const root = forest.root[tree]!;
  for (let r = 0; r < count; r++) {
    const leaf = leafOf(forest, root, block, r * forest.features);
    sums[offset + r] = sums[offset + r]! + forest.leaf[leaf]!;
  }
}

/** The leaf that a row comes to. */
function leafOf(forest: PackedForest, root: number, block: Float64Array, base: number): number {
  const { feature, threshold, decision, child } = forest;
  let node = root;
  while (node >= 0) {
    const value = block[base + feature[node]!]!;
    const kind = decision[node]!;
    let goesLeft = value <= threshold[node]!;
    if (kind === CATEGORY) goesLeft = isCategoryOf(forest, threshold[node]!, value);
    else if (Number.isNaN(value)) goesLeft = kind === MISSING_LEFT || kind === ZERO_LEFT;
    else if (value === 0 && kind >= ZERO_RIGHT) goesLeft = kind === ZERO_LEFT;
    node = child[2 * node + (goesLeft ? 0 : 1)]!;
  }
  return ~node;
}

/** Whether a value, cut to a whole number, is one of a set of categories. Missing and negative ones are in none. */
function isCategoryOf({ categoryStart, categoryBits }: PackedForest, set: number, value: number): boolean {
  if (!(value > -1 && value < 2147483648)) return false;
  const category = Math.trunc(value);
  const word = categoryStart[set]! + (category >>> 5);
  return word < categoryStart[set + 1]! && ((categoryBits[word]! >>> (category & 31)) & 1) === 1;
}

/** Leaves with a line of their own; where one of its features is missing the plain value of the leaf counts. */
function addLinearTree(
  forest: PackedForest,
  tree: number,
  block: Float64Array,
  count: number,
  sums: Float64Array,
  offset: number,
): void {
  const { constant, start, feature, coefficient } = forest.linear!;
  for (let r = 0; r < count; r++) {
    const base = r * forest.features;
    const leaf = leafOf(forest, forest.root[tree]!, block, base);
    let value = constant[leaf]!;
    for (let term = start[leaf]!; term < start[leaf + 1]!; term++) {
      const x = block[base + feature[term]!]!;
      if (Number.isNaN(x)) {
        value = forest.leaf[leaf]!;
        break;
      }
      value += coefficient[term]! * x;
    }
    sums[offset + r] = sums[offset + r]! + value;
  }
}

/** From sums of trees to predictions, as the objective defines them. */
function finish(
  forest: PackedForest,
  sums: Float64Array,
  count: number,
  { output, raw }: ForestOutput,
  hasAll: boolean,
  out: Float64Array,
  from: number,
): void {
  const { classes, link, sigmoid } = forest;
  const share = forest.isAverage ? forest.root.length / classes : 1;
  if (hasAll) {
    for (let r = 0; r < count; r++) out[from + r] = softmax(sums, r, classes, output, share);
    return;
  }
  for (let r = 0; r < count; r++) {
    // Raw scores of a random forest are sums, not averages, as LightGBM gives them.
    out[from + r] = raw ? sums[r]! : linked(sums[r]! / share, link, sigmoid);
  }
}

function linked(sum: number, link: PackedForest['link'], sigmoid: number): number {
  switch (link) {
    case 'signed-square':
      return sum < 0 ? -(sum * sum) : sum * sum;
    case 'exp':
      return exp(sum);
    case 'sigmoid':
      return 1 / (1 + exp(-sigmoid * sum));
    case 'log1p-exp':
      return log(1 + exp(sum));
    default:
      return sum;
  }
}

function softmax(sums: Float64Array, row: number, classes: number, output: number, share: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes; k++) most = Math.max(most, sums[k * BLOCK_ROWS + row]! / share);
  let total = 0;
  for (let k = 0; k < classes; k++) total += exp(sums[k * BLOCK_ROWS + row]! / share - most);
  return exp(sums[output * BLOCK_ROWS + row]! / share - most) / total;
}
