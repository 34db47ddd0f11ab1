// Pieces in the shared place: the same values are the same bytes, and what is not whole is nobody's.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ScoringEngine } from '../sweep/request.ts';
import { openFileObjects } from './file-objects.ts';
import { pieceKey } from './manifest.ts';
import { putPiece, readPiece } from './piece-file.ts';

const root = mkdtempSync(join(tmpdir(), 'gridmill-piece-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const RUN = 'a'.repeat(32);
const engine: ScoringEngine = { name: 'fast', reason: 'it can', kernels: undefined };
/** A number, no number with the sign that x86 gives it or with that of ARM, and another number. */
function scored(sign: 0x7ff80000 | 0xfff80000, last = 2) {
  const bytes = new DataView(new ArrayBuffer(24));
  bytes.setFloat64(0, 1, true);
  bytes.setUint32(12, sign, true);
  bytes.setFloat64(16, last, true);
  return { values: new Float64Array(bytes.buffer), meets: Uint8Array.of(1, 0, 1), engine };
}

test('attempts of two kinds of processors come to the same piece; other values are an error', async () => {
  const objects = openFileObjects(join(root, 'place'));
  const hash = await putPiece(objects, RUN, 0, scored(0xfff80000));
  expect(await putPiece(objects, RUN, 0, scored(0x7ff80000))).toBe(hash);
  expect([...(await readPiece(objects, RUN, 0))!.values]).toEqual([1, Number.NaN, 2]);
  await expect(putPiece(objects, RUN, 0, scored(0x7ff80000, 3))).rejects.toMatchObject({ code: 'RESULT_CORRUPT' });
});

test('a piece that is damaged, of another run or of another number is none, and is written anew', async () => {
  const objects = openFileObjects(join(root, 'damaged'));
  const hash = await putPiece(objects, RUN, 0, scored(0x7ff80000));
  const bytes = (await objects.get(pieceKey(RUN, 0)))!;
  await objects.put(pieceKey(RUN, 1), bytes);
  await objects.put(pieceKey('b'.repeat(32), 0), bytes);
  await objects.put(pieceKey(RUN, 0), bytes.subarray(0, bytes.length - 1));
  expect(await readPiece(objects, RUN, 0)).toBeUndefined();
  expect(await readPiece(objects, RUN, 1)).toBeUndefined();
  expect(await readPiece(objects, 'b'.repeat(32), 0)).toBeUndefined();
  expect(await putPiece(objects, RUN, 0, scored(0x7ff80000))).toBe(hash);
  expect((await readPiece(objects, RUN, 0))!.hash).toBe(hash);
});
