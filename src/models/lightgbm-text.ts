// Reads the text of a LightGBM model (Booster.save_model): its head, and its trees one after the other.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { ForestLink } from './packed-model.ts';

/** Lines `name=value` of one part of the file. */
export type Fields = ReadonlyMap<string, string>;

export interface ForestHead {
  readonly features: number;
  readonly classes: number;
  readonly link: ForestLink;
  readonly sigmoid: number;
  readonly isAverage: boolean;
}

export function invalid(name: string, found: string): AppError {
  return new AppError('MODEL_INVALID', {
    found: `${name}: ${found}.`,
    todo: 'Write the file again with Booster.save_model and copy it whole.',
  });
}

/** The head of the file. `text` may be cut anywhere after it. Errors: MODEL_FORMAT, MODEL_INVALID, LIMIT_EXCEEDED. */
export function readHead(name: string, text: string): ForestHead {
  if (!/^tree\r?\n/.test(text)) {
    throw new AppError('MODEL_FORMAT', {
      found: `${name}, which does not begin with the line "tree".`,
      todo: "Save it with model.booster_.save_model('model.txt') or booster.save_model('model.txt').",
    });
  }
  const head = fieldsOf(text, 0, text.indexOf('\nTree=') < 0 ? text.length : text.indexOf('\nTree='));
  const version = head.get('version') ?? 'none';
  if (!['v2', 'v3', 'v4'].includes(version)) throw invalid(name, `version ${version}, known are v2, v3 and v4`);
  const whole = (field: string, most: number): number => {
    const value = Number(head.get(field) ?? Number.NaN);
    if (!Number.isInteger(value) || value < 0)
      throw invalid(name, `${field}=${head.get(field) ?? 'nothing'} in its head`);
    if (value <= most) return value;
    throw new AppError('LIMIT_EXCEEDED', {
      found: `${field}=${value} in ${name}; the limit is ${most}.`,
      todo: 'Train a smaller model.',
    });
  };
  const features = whole('max_feature_idx', LIMITS.modelFeaturesMax - 1) + 1;
  const classes = whole('num_tree_per_iteration', LIMITS.modelClassesMax);
  if (classes === 0) throw invalid(name, 'num_tree_per_iteration=0 in its head');
  return { features, classes, ...linkOf(name, head.get('objective')), isAverage: head.has('average_output') };
}

const LINKS: Readonly<Record<string, ForestLink>> = {
  custom: 'identity',
  regression: 'identity',
  regression_l1: 'identity',
  huber: 'identity',
  fair: 'identity',
  quantile: 'identity',
  mape: 'identity',
  poisson: 'exp',
  gamma: 'exp',
  tweedie: 'exp',
  binary: 'sigmoid',
  multiclass: 'softmax',
  multiclassova: 'sigmoid',
  cross_entropy: 'sigmoid',
  cross_entropy_lambda: 'log1p-exp',
  lambdarank: 'identity',
  rank_xendcg: 'identity',
};

function linkOf(name: string, objective = 'custom'): { readonly link: ForestLink; readonly sigmoid: number } {
  const [kind = '', ...options] = objective.split(' ');
  const link = LINKS[kind];
  if (link === undefined) throw invalid(name, `the objective "${kind}", which is not known`);
  const sigmoid = Number(options.find((option) => option.startsWith('sigmoid:'))?.slice('sigmoid:'.length) ?? 1);
  if (!(sigmoid > 0 && Number.isFinite(sigmoid))) throw invalid(name, `the objective "${objective}"`);
  return { link: link === 'identity' && options.includes('sqrt') ? 'signed-square' : link, sigmoid };
}

/** The fields of each tree in turn. Errors: MODEL_INVALID for a file that ends before its trees do, or misses some. */
export function* readTrees(name: string, text: string): Generator<Fields> {
  const end = text.indexOf('\nend of trees');
  if (end < 0) throw invalid(name, 'no line "end of trees": it is not whole');
  let from = text.indexOf('\nTree=');
  let count = 0;
  while (from >= 0 && from < end) {
    const next = text.indexOf('\nTree=', from + 1);
    const to = next < 0 || next > end ? end : next;
    const fields = fieldsOf(text, from + 1, to);
    if (fields.get('Tree') !== String(count))
      throw invalid(name, `tree ${fields.get('Tree')} where tree ${count} belongs`);
    yield fields;
    count++;
    from = next;
  }
}

/** How many trees the head announces, where it does. */
export function announcedTrees(text: string): number | undefined {
  const sizes = /\ntree_sizes=([^\r\n]*)/.exec(text)?.[1]?.trim();
  if (sizes === undefined) return undefined;
  return sizes === '' ? 0 : sizes.split(' ').length;
}

function fieldsOf(text: string, from: number, to: number): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = from; at < to; ) {
    const newline = text.indexOf('\n', at);
    const lineEnd = newline < 0 || newline > to ? to : newline;
    const line = text.slice(at, lineEnd).trim();
    const equals = line.indexOf('=');
    if (line !== '') fields.set(equals < 0 ? line : line.slice(0, equals), equals < 0 ? '' : line.slice(equals + 1));
    at = lineEnd + 1;
  }
  return fields;
}
