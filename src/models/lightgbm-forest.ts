// Packs the trees of a LightGBM text model into flat arrays, and refuses what is no forest of trees.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { announcedTrees, type Fields, type ForestHead, invalid, readHead, readTrees } from './lightgbm-text.ts';
import {
  CATEGORY,
  MISSING_LEFT,
  type PackedForest,
  PLAIN,
  sharedBytes,
  sharedFloats,
  sharedInts,
  sharedWords,
  ZERO_LEFT,
  ZERO_RIGHT,
} from './packed-model.ts';

interface Counts {
  trees: number;
  nodes: number;
  leaves: number;
  categorySets: number;
  categoryWords: number;
  linearTerms: number;
}

/** Where the next tree goes: counts of what is written so far. */
type Cursor = Counts;

const none = (): Counts => ({ trees: 0, nodes: 0, leaves: 0, categorySets: 0, categoryWords: 0, linearTerms: 0 });

/** Reads a whole model. Errors: MODEL_FORMAT, MODEL_INVALID, LIMIT_EXCEEDED. */
export function packForest(name: string, bytes: Uint8Array): PackedForest {
  const text = new TextDecoder().decode(bytes);
  const head = readHead(name, text);
  const counts = countAll(name, text, head);
  const isLinear = /\nis_linear=1/.test(text);
  const forest: PackedForest = {
    kind: 'lightgbm',
    ...head,
    root: sharedInts(new Int32Array(counts.trees)),
    isNumeric: sharedBytes(new Uint8Array(counts.trees)),
    feature: sharedInts(new Int32Array(counts.nodes)),
    threshold: sharedFloats(new Float64Array(counts.nodes)),
    decision: sharedBytes(new Uint8Array(counts.nodes)),
    child: sharedInts(new Int32Array(2 * counts.nodes)),
    leaf: sharedFloats(new Float64Array(counts.leaves)),
    categoryStart: sharedInts(new Int32Array(counts.categorySets + 1)),
    categoryBits: sharedWords(new Uint32Array(counts.categoryWords)),
    linear: !isLinear
      ? undefined
      : {
          constant: sharedFloats(new Float64Array(counts.leaves)),
          start: sharedInts(new Int32Array(counts.leaves + 1)),
          feature: sharedInts(new Int32Array(counts.linearTerms)),
          coefficient: sharedFloats(new Float64Array(counts.linearTerms)),
        },
  };
  const cursor = none();
  for (const fields of readTrees(name, text)) packTree(new TreeReader(name, cursor.trees, fields), forest, cursor);
  return forest;
}

/** Sizes of all arrays, so that they are made once. Nothing is trusted that the file does not hold itself. */
function countAll(name: string, text: string, { classes }: ForestHead): Counts {
  const counts = none();
  for (const fields of readTrees(name, text)) {
    const tree = new TreeReader(name, counts.trees, fields);
    counts.trees++;
    counts.nodes += tree.leaves - 1;
    counts.leaves += tree.leaves;
    counts.categorySets += tree.categorySets;
    if (tree.categorySets > 0) counts.categoryWords += tree.numbers('cat_threshold').length;
    if (tree.isLinear) counts.linearTerms += tree.numbers('leaf_features').length;
    if (counts.trees <= LIMITS.modelTreesMax) continue;
    throw new AppError('LIMIT_EXCEEDED', {
      found: `more than ${LIMITS.modelTreesMax} trees in ${name}.`,
      todo: 'Train a smaller model, or save fewer iterations with num_iteration.',
    });
  }
  const announced = announcedTrees(text) ?? counts.trees;
  if (counts.trees !== announced) throw invalid(name, `${counts.trees} trees, its head announces ${announced}`);
  if (counts.trees % classes !== 0) throw invalid(name, `${counts.trees} trees for ${classes} classes`);
  return counts;
}

/** As C++ prints numbers. */
function numberOf(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  return text === '-inf' ? Number.NEGATIVE_INFINITY : text === '' ? Number.NaN : Number(text);
}

/** Reads the fields of one tree and says where in the file something is wrong. */
class TreeReader {
  readonly leaves: number;
  readonly categorySets: number;
  readonly isLinear: boolean;
  readonly #where: string;
  readonly #fields: Fields;

  constructor(name: string, tree: number, fields: Fields) {
    this.#where = `${name}, tree ${tree}`;
    this.#fields = fields;
    this.leaves = this.#whole('num_leaves');
    if (this.leaves < 1) throw this.invalid('no leaf');
    if (this.leaves > LIMITS.modelLeavesMax) {
      throw new AppError('LIMIT_EXCEEDED', {
        found: `${this.leaves} leaves in ${this.#where}; the limit is ${LIMITS.modelLeavesMax}.`,
        todo: 'Train with fewer leaves.',
      });
    }
    this.categorySets = this.#whole('num_cat', 0);
    this.isLinear = this.#whole('is_linear', 0) === 1;
  }

  /** A list of finite numbers; of `length` where that is given. */
  numbers(field: string, length?: number): Float64Array {
    const values = this.#list(field, length);
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) throw this.invalid(`value ${wrong} of ${field} is no number`);
    return values;
  }

  /** As `numbers`, and infinite where a split parts missing values from all others. */
  thresholds(length: number): Float64Array {
    const values = this.#list('threshold', length);
    const wrong = values.findIndex(Number.isNaN);
    if (wrong >= 0) throw this.invalid(`value ${wrong} of threshold is no number`);
    return values;
  }

  #list(field: string, length?: number): Float64Array {
    const text = this.#fields.get(field);
    const values = Float64Array.from(text === undefined || text === '' ? [] : text.trim().split(/ +/), numberOf);
    if (text === undefined || (length !== undefined && values.length !== length)) {
      const wanted = length === undefined ? '' : ` in place of ${length}`;
      throw this.invalid(`${text === undefined ? 'no' : values.length} values of ${field}${wanted}`);
    }
    return values as Float64Array;
  }

  /** As `numbers`, of whole numbers from `least` to `most`. */
  wholes(field: string, length: number | undefined, least: number, most: number): Float64Array {
    const values = this.numbers(field, length);
    const wrong = values.findIndex((value) => !Number.isInteger(value) || value < least || value > most);
    if (wrong < 0) return values;
    throw this.invalid(`${field}[${wrong}] is ${values[wrong]}, allowed are ${least} to ${most}`);
  }

  invalid(found: string): AppError {
    return invalid(this.#where, found);
  }

  #whole(field: string, otherwise?: number): number {
    const value = Number(this.#fields.get(field) ?? otherwise ?? Number.NaN);
    if (!Number.isInteger(value) || value < 0) throw this.invalid(`${field}=${this.#fields.get(field) ?? 'nothing'}`);
    return value;
  }
}

function packTree(tree: TreeReader, forest: PackedForest, cursor: Cursor): void {
  const { leaves } = tree;
  const nodes = leaves - 1;
  forest.root[cursor.trees] = nodes === 0 ? ~cursor.leaves : cursor.nodes;
  forest.leaf.set(tree.numbers('leaf_value', leaves), cursor.leaves);
  packCategories(tree, forest, cursor);
  if (nodes > 0) packNodes(tree, forest, cursor);
  else forest.isNumeric[cursor.trees] = 1;
  if (forest.linear !== undefined) packLinear(tree, forest, cursor);
  cursor.trees++;
  cursor.nodes += nodes;
  cursor.leaves += leaves;
}

function packNodes(tree: TreeReader, forest: PackedForest, cursor: Cursor): void {
  const { leaves, categorySets } = tree;
  const nodes = leaves - 1;
  const left = tree.wholes('left_child', nodes, -leaves, nodes - 1);
  const right = tree.wholes('right_child', nodes, -leaves, nodes - 1);
  refuseCycles(tree, left, right);
  const feature = tree.wholes('split_feature', nodes, 0, forest.features - 1);
  const threshold = tree.thresholds(nodes);
  const decision = tree.wholes('decision_type', nodes, 0, 15);
  const absolute = (child: number): number => (child < 0 ? ~(cursor.leaves + ~child) : cursor.nodes + child);
  let isNumeric = 1;
  for (let n = 0; n < nodes; n++) {
    const at = cursor.nodes + n;
    const kind = decisionOf(decision[n]!, threshold[n]!);
    if (kind === undefined) throw tree.invalid(`decision_type[${n}] is ${decision[n]}`);
    if (kind !== PLAIN && kind !== MISSING_LEFT) isNumeric = 0;
    forest.feature[at] = feature[n]!;
    forest.decision[at] = kind;
    forest.child[2 * at] = absolute(left[n]!);
    forest.child[2 * at + 1] = absolute(right[n]!);
    if (kind !== CATEGORY) forest.threshold[at] = threshold[n]!;
    else if (Number.isInteger(threshold[n]) && threshold[n]! >= 0 && threshold[n]! < categorySets) {
      forest.threshold[at] = cursor.categorySets - categorySets + threshold[n]!;
    } else throw tree.invalid(`threshold[${n}] names set ${threshold[n]} of ${categorySets} sets of categories`);
  }
  forest.isNumeric[cursor.trees] = isNumeric;
}

/** Bits of decision_type: categorical, missing goes left, and what counts as missing: nothing, zero or NaN. */
function decisionOf(bits: number, threshold: number): number | undefined {
  if ((bits & 1) === 1) return CATEGORY;
  const missingLeft = (bits & 2) !== 0;
  switch (bits >> 2) {
    case 0:
      // Where nothing counts as missing, NaN is read as 0.
      return threshold >= 0 ? MISSING_LEFT : PLAIN;
    case 1:
      return missingLeft ? ZERO_LEFT : ZERO_RIGHT;
    case 2:
      return missingLeft ? MISSING_LEFT : PLAIN;
    default:
      return undefined;
  }
}

/** Walks from the root and wants to see every node and every leaf exactly once. */
function refuseCycles(tree: TreeReader, left: Float64Array, right: Float64Array): void {
  const seenNodes = new Uint8Array(left.length);
  const seenLeaves = new Uint8Array(tree.leaves);
  const open = [0];
  let seen = 0;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const marks = at < 0 ? seenLeaves : seenNodes;
    const place = at < 0 ? ~at : at;
    if (marks[place] === 1) throw tree.invalid(`${at < 0 ? 'leaf' : 'node'} ${place} is reached twice`);
    marks[place] = 1;
    seen++;
    if (at >= 0) open.push(left[at]!, right[at]!);
  }
  if (seen !== left.length + tree.leaves) throw tree.invalid('some nodes or leaves are never reached');
}

function packCategories(tree: TreeReader, forest: PackedForest, cursor: Cursor): void {
  const sets = tree.categorySets;
  if (sets === 0) return;
  const words = tree.wholes('cat_threshold', undefined, 0, 0xffffffff);
  const bounds = tree.wholes('cat_boundaries', sets + 1, 0, words.length);
  for (let s = 0; s < sets; s++) {
    if (bounds[s]! > bounds[s + 1]!) throw tree.invalid(`cat_boundaries[${s + 1}] is below the one before`);
    forest.categoryStart[cursor.categorySets + s] = cursor.categoryWords + bounds[s]!;
  }
  forest.categoryBits.set(words, cursor.categoryWords);
  cursor.categorySets += sets;
  cursor.categoryWords += words.length;
  forest.categoryStart[cursor.categorySets] = cursor.categoryWords;
  if (bounds[0] !== 0 || bounds[sets] !== words.length)
    throw tree.invalid('cat_boundaries does not cover cat_threshold');
}

function packLinear(tree: TreeReader, forest: PackedForest, cursor: Cursor): void {
  const linear = forest.linear!;
  const { leaves } = tree;
  // A plain leaf is a linear one without terms.
  const counts = tree.isLinear ? tree.wholes('num_features', leaves, 0, forest.features) : new Float64Array(leaves);
  const total = counts.reduce((sum, count) => sum + count, 0);
  linear.constant.set(tree.numbers(tree.isLinear ? 'leaf_const' : 'leaf_value', leaves), cursor.leaves);
  if (total > 0) {
    linear.feature.set(tree.wholes('leaf_features', total, 0, forest.features - 1), cursor.linearTerms);
    linear.coefficient.set(tree.numbers('leaf_coeff', total), cursor.linearTerms);
  }
  for (let n = 0; n < leaves; n++) {
    linear.start[cursor.leaves + n] = cursor.linearTerms;
    cursor.linearTerms += counts[n]!;
  }
  linear.start[cursor.leaves + leaves] = cursor.linearTerms;
}
