// Refuses model files that would have to be run, or unpacked by another program, and says how to export them instead.
import { AppError } from '../core/errors.ts';

export const MODEL_KINDS = ['lightgbm', 'ridge', 'onnx'] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];

interface ForeignFormat {
  readonly name: string;
  readonly endings: readonly string[];
  readonly isHere: (bytes: Uint8Array) => boolean;
}

const startsWith =
  (...magic: readonly number[]) =>
  (bytes: Uint8Array): boolean =>
    magic.every((byte, i) => bytes[i] === byte);

const FOREIGN: readonly ForeignFormat[] = [
  {
    name: 'a Python pickle',
    endings: ['.pkl', '.pickle', '.joblib'],
    // Protocol 2 and later; earlier ones are text and are known by their ending.
    isHere: (bytes) => bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 8,
  },
  { name: 'an HDF5 file', endings: ['.h5', '.hdf5', '.keras'], isHere: startsWith(0x89, 0x48, 0x44, 0x46) },
  { name: 'a zip archive', endings: ['.zip', '.pt', '.pth', '.npz'], isHere: startsWith(0x50, 0x4b, 3, 4) },
  { name: 'a gzip archive', endings: ['.gz'], isHere: startsWith(0x1f, 0x8b) },
];

/** Two lines of Python that write what can be read. */
const RECIPES: Readonly<Record<ModelKind, string>> = {
  lightgbm: `import joblib; model = joblib.load('model.pkl')\ngetattr(model, 'booster_', model).save_model('model.txt')`,
  ridge: `import joblib, json; m = joblib.load('model.pkl')\njson.dump({'intercept': float(m.intercept_), 'coefficients': m.coef_.tolist()}, open('model.json', 'w'))`,
  onnx: `import joblib; from skl2onnx import to_onnx; model = joblib.load('model.pkl')\nopen('model.onnx', 'wb').write(to_onnx(model, X[:1].astype('float32')).SerializeToString())`,
};

/** Accepts what may be a model of `kind`. Errors: MODEL_FORMAT for pickles, HDF5 files and archives, which are never parsed. */
export function refuseForeign(name: string, bytes: Uint8Array, kind: ModelKind): void {
  const lower = name.toLowerCase();
  const foreign =
    FOREIGN.find((format) => format.isHere(bytes)) ??
    FOREIGN.find(({ endings }) => endings.some((ending) => lower.endsWith(ending)));
  if (foreign === undefined) return;
  throw new AppError('MODEL_FORMAT', {
    found: `${name}, ${foreign.name}: reading one can run code, so it is not read.`,
    todo: `Export it where it was made:\n${RECIPES[kind]}\n`,
  });
}
