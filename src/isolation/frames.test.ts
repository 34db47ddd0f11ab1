// Tests of messages on a pipe: whatever the pieces, the same messages; too long ones and nonsense are refused.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameOf, frameReader } from './frames.ts';

test('messages come out as they went in, however the bytes are cut', () => {
  const message = fc.oneof(fc.string(), fc.record({ a: fc.double(), b: fc.array(fc.integer()) }), fc.constant(null));
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(frameOf));
        const got: unknown[] = [];
        const read = frameReader(1e6, (one) => got.push(one));
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const end = at + cuts[n % cuts.length]!;
          read(bytes.subarray(at, end));
          at = end;
        }
        expect(got).toEqual(sent);
      },
    ),
  );
});

test('views of shared memory become copies', () => {
  const shared = new Float64Array(new SharedArrayBuffer(16));
  shared.set([1, 2]);
  let got: unknown;
  const read = frameReader(1e6, (one) => {
    got = one;
  });
  read(frameOf({ shared }));
  expect(got).toEqual({ shared: Float64Array.of(1, 2) });
  expect((got as { shared: Float64Array }).shared.buffer).toBeInstanceOf(ArrayBuffer);
});

test('a message of the limit is taken, one byte more is refused before it has come', () => {
  const frame = frameOf('x'.repeat(100));
  const length = frame.length - 4;
  const got: unknown[] = [];
  frameReader(length, (one) => got.push(one))(frame);
  expect(got).toEqual(['x'.repeat(100)]);
  expect(() => frameReader(length - 1, () => undefined)(frame.subarray(0, 4))).toThrow(`a message of ${length} bytes`);
  expect(() => frameReader(1e6, () => undefined)(Buffer.from([2, 0, 0, 0, 1, 2]))).toThrow();
});
