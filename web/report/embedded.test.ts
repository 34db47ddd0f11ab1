// Embedded data is disarmed before anything shows it.
import { expect, test } from 'vitest';
import { readEmbedded } from './embedded.ts';

test('controls and direction marks are replaced in strings and keys; a source keeps its lines', () => {
  const data = { 'a\u202eb': 1, list: ['x\ny'], source: 'line 1\r\n\tline\u202e 2', deep: { number: 1.5, none: null } };
  expect(readEmbedded(JSON.stringify(data))).toEqual({
    'a\ufffdb': 1,
    list: ['x\ufffdy'],
    source: 'line 1\n\tline\ufffd 2',
    deep: { number: 1.5, none: null },
  });
});

test('a key named __proto__ stays a plain key', () => {
  const found = readEmbedded('{"params":{"__proto__":{"polluted":1},"a\\u0007":2}}') as { params: object };
  expect(Object.keys(found.params)).toEqual(['__proto__', 'a\ufffd']);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
