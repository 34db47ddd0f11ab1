// Damaged, foreign and oversized model files end in an error that names them: none is run, none hangs, none is misread.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { type ErrorCode, isAppError } from '../../src/core/errors.ts';
import { createPrng } from '../../src/core/prng.ts';
import { attachModels } from '../../src/loader/model-files.ts';
import { evaluateForest } from '../../src/models/forest-evaluation.ts';
import { packForest } from '../../src/models/lightgbm-forest.ts';
import { readRidge } from '../../src/models/ridge.ts';
import { close, gt } from '../../src/strategy/expression.ts';
import { lightgbm, onnx, ridge } from '../../src/strategy/model-expressions.ts';
import { defineStrategy } from '../../src/strategy/strategy.ts';
import { modelBytes } from '../fixtures/models/recorded.ts';

const whole = new TextDecoder().decode(modelBytes('regression.txt'));
const linear = new TextDecoder().decode(modelBytes('linear-tree.txt'));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function failure(work: () => unknown): { code: ErrorCode; message: string } {
  try {
    work();
  } catch (error) {
    if (isAppError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

const pack = (text: string): unknown => packForest('model.txt', bytes(text));
const replaced = (field: string, change: (values: string[]) => void, text = whole): string =>
  text.replace(new RegExp(`\n${field}=(.*)`), (_, list: string) => {
    const values = list.split(' ');
    change(values);
    return `\n${field}=${values.join(' ')}`;
  });
const set = (n: number, value: string) => (values: string[]) => {
  values[n] = value;
};

describe('a LightGBM file', () => {
  test('as it was saved is read', () => expect(pack(whole)).toMatchObject({ kind: 'lightgbm', features: 5 }));

  test.each([
    ['cut in the middle', whole.slice(0, whole.length / 3), 'end of trees'],
    ['cut in its head', whole.slice(0, 60), 'max_feature_idx'],
    ['with a tree less', whole.replace(/\nTree=3[\s\S]*?(?=\nend of trees)/, '\n'), '3 trees, its head announces 4'],
    ['with a tree out of order', whole.replace('\nTree=1', '\nTree=2'), 'tree 2 where tree 1 belongs'],
    ['of another version', whole.replace('version=v4', 'version=v9'), 'version v9'],
    ['with an unknown objective', whole.replace('objective=regression', 'objective=psychic'), 'psychic'],
    ['with a cycle', replaced('left_child', set(1, '0')), 'reached twice'],
    ['with a node that is its own child', replaced('right_child', set(2, '2')), 'reached twice'],
    ['with a leaf of two parents', replaced('left_child', set(6, '-1')), 'reached twice'],
    ['with a child beyond its nodes', replaced('left_child', set(0, '99')), 'left_child[0] is 99'],
    ['with a leaf beyond its leaves', replaced('right_child', set(0, '-99')), 'right_child[0] is -99'],
    ['with a feature it does not have', replaced('split_feature', set(0, '5')), 'split_feature[0] is 5'],
    ['with a threshold that is no number', replaced('threshold', set(3, 'abc')), 'value 3 of threshold'],
    ['with an infinite leaf', replaced('leaf_value', set(0, '1e999')), 'value 0 of leaf_value'],
    ['with a threshold less', replaced('threshold', (values) => values.pop()), 'values of threshold'],
    ['with an unknown decision', replaced('decision_type', set(0, '14')), 'decision_type[0] is 14'],
    ['with a set of categories it does not have', replaced('decision_type', set(0, '1')), 'of 0 sets'],
    ['with sets out of order', replaced('cat_boundaries', set(0, '1')), 'cat_boundaries'],
    [
      'with a line for a feature it does not have',
      linear.replace(/(?<name>\nleaf_features=)\d/, '$<name>77'),
      'leaf_features[0] is 77',
    ],
    [
      'with more terms than it holds',
      linear.replace(/(?<name>\nnum_features=)[1-9]/, '$<name>5'),
      'values of leaf_features',
    ],
  ])('%s is refused', (_, text, found) => {
    const { code, message } = failure(() => pack(text));
    expect(code).toMatch(/^MODEL_(INVALID|FORMAT)$/);
    expect(message).toContain(found);
    expect(message).toContain('model.txt');
  });

  test.each([
    ['leaves', whole.replace(/num_leaves=\d+/, 'num_leaves=2000000000')],
    ['features', whole.replace(/max_feature_idx=\d+/, 'max_feature_idx=2000000000')],
    ['classes', whole.replace(/num_tree_per_iteration=\d+/, 'num_tree_per_iteration=2000000000')],
  ])('that promises two billion %s takes no memory for them', (_, text) => {
    expect(failure(() => pack(text)).code).toBe('LIMIT_EXCEEDED');
  });

  test('damaged anywhere is refused or still a forest, within a moment', () => {
    const seed = 20_260_101;
    const prng = createPrng(seed);
    const inputs = [0, 1, 2, 3, 4].map((f) =>
      Float64Array.from({ length: 20 }, (_, i) => (i % 5 === f ? Number.NaN : i - 9)),
    );
    let refused = 0;
    for (let n = 0; n < 400; n++) {
      const damaged = bytes(n % 2 === 0 ? whole : linear).slice();
      const at = prng.nextBelow(damaged.length);
      const kind = prng.nextBelow(3);
      if (kind === 0) damaged[at] = 33 + prng.nextBelow(90);
      else if (kind === 1) damaged.copyWithin(at, at + 1 + prng.nextBelow(40));
      else damaged.fill(48 + prng.nextBelow(10), at, at + prng.nextBelow(4));
      try {
        const forest = packForest('model.txt', damaged);
        if (forest.features === 5) evaluateForest(forest, inputs as Float64Array[], { output: 0, raw: false }, 20);
      } catch (error) {
        expect(isAppError(error), `seed ${seed}, case ${n}: ${String(error)}`).toBe(true);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
  });
});

describe('a ridge file', () => {
  const read = (value: unknown): unknown => readRidge('model.json', bytes(JSON.stringify(value)));

  test.each([
    ['no object', [1], 'no object'],
    ['no intercept', { coefficients: [1] }, 'intercept'],
    ['no coefficients', { intercept: 1, coefficients: [] }, 'no coefficients'],
    ['a coefficient that is no number', { intercept: 1, coefficients: ['1'] }, 'coefficients'],
    ['too few means', { intercept: 1, coefficients: [1, 2], mean: [0] }, '1 values of mean'],
    ['a scale of zero', { intercept: 1, coefficients: [1], scale: [0] }, 'scale[0] is 0'],
    ['too few names', { intercept: 1, coefficients: [1, 2], features: ['a'] }, 'features'],
    ['an unknown member', { intercept: 1, coefficients: [1], bias: 2 }, 'bias'],
  ])('with %s is refused', (_, value, found) => {
    const { code, message } = failure(() => read(value));
    expect(code).toBe('MODEL_INVALID');
    expect(message).toContain(found);
  });

  test('that is no JSON is refused', () => {
    expect(failure(() => readRidge('model.json', bytes('{"intercept": 1,'))).code).toBe('MODEL_FORMAT');
  });
});

const folder = mkdtempSync(join(tmpdir(), 'gridmill-model-faults-'));
afterAll(() => rmSync(folder, { recursive: true }));
const attached = (column: ReturnType<typeof lightgbm>): unknown =>
  attachModels(defineStrategy({ name: 'x', parameters: {}, signals: () => ({ long: gt(column, 0) }) }), folder);
const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return `./${name}`;
};

describe('a strategy', () => {
  const pickled = Uint8Array.from([0x80, 4, 0x95, 0, 0, 0, 0, 0x2e]);

  test.each([
    ['a pickle by its bytes', 'a.txt', pickled, 'save_model'],
    ['a pickle of protocol 0 by its ending', 'a.pkl', 'cos\nsystem\n', 'save_model'],
    ['joblib by its ending', 'a.joblib', 'x', 'save_model'],
    ['HDF5 by its bytes', 'b.txt', Uint8Array.from([0x89, 0x48, 0x44, 0x46, 0x0d]), 'save_model'],
    ['HDF5 by its ending', 'a.h5', 'x', 'save_model'],
    ['a zip archive', 'c.txt', Uint8Array.from([0x50, 0x4b, 3, 4]), 'save_model'],
    ['a packed file', 'd.txt', gzipSync(whole), 'save_model'],
  ])('that names %s hears how to export it', (_, name, content, recipe) => {
    const { code, message } = failure(() => attached(lightgbm(write(name, content), [close])));
    expect(code).toBe('MODEL_FORMAT');
    expect(message).toContain(recipe);
  });

  test('hears the recipe of the kind it asked for', () => {
    expect(failure(() => attached(ridge(write('r.pkl', pickled), [close]))).message).toContain('coefficients');
    expect(failure(() => attached(onnx(write('o.pkl', pickled), [close]))).message).toContain('skl2onnx');
  });

  test('with too few features is refused before anything is computed', () => {
    const { code, message } = failure(() => attached(lightgbm(write('m.txt', whole), [close, close])));
    expect(code).toBe('MODEL_FEATURES');
    expect(message).toContain('2 features');
    expect(message).toContain('takes 5');
  });

  test('that names no file, a folder or nothing is refused', () => {
    expect(failure(() => attached(lightgbm('./none.txt', [close]))).code).toBe('MODEL_NOT_FOUND');
    expect(failure(() => attached(lightgbm('.', [close]))).code).toBe('MODEL_NOT_FOUND');
    expect(failure(() => lightgbm('', [close])).code).toBe('STRATEGY_INVALID');
    expect(failure(() => lightgbm('m.txt', [])).code).toBe('STRATEGY_INVALID');
    expect(failure(() => lightgbm('m.txt', [close], { raw_score: true } as never)).code).toBe('STRATEGY_INVALID');
  });

  test('with an ONNX file and no runtime hears how to install it', () => {
    const { code, message } = failure(() => attached(onnx(write('m.onnx', 'x'), [close])));
    expect(code).toBe('DEPENDENCY_MISSING');
    expect(message).toContain('npm install onnxruntime-node');
  });
});
