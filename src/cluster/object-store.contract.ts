// What every shared place must hold to, as tests: a folder, S3 of tests, and a real server where there is one.
import { describe, expect, test } from 'vitest';
import type { ObjectStore } from './object-store.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: Uint8Array | undefined): string | undefined => found && new TextDecoder().decode(found);

export function testObjectStore(name: string, open: () => ObjectStore): void {
  const keysOf = async (store: ObjectStore, prefix: string): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of store.list(prefix)) keys.push(key);
    return keys;
  };

  describe(`objects in ${name}`, () => {
    test('what was put comes back, whole, with its size', async () => {
      const store = open();
      await store.put('a/b+c=d_e-f.json', bytes('{"x":1}'));
      expect(text(await store.get('a/b+c=d_e-f.json'))).toBe('{"x":1}');
      expect(await store.head('a/b+c=d_e-f.json')).toEqual({ key: 'a/b+c=d_e-f.json', bytes: 7 });
      await store.put('a/b+c=d_e-f.json', bytes(''));
      expect((await store.get('a/b+c=d_e-f.json'))!.byteLength).toBe(0);
    });

    test('what is not there is undefined, and removing it is fine', async () => {
      const store = open();
      expect(await store.get('never/put')).toBeUndefined();
      expect(await store.head('never/put')).toBeUndefined();
      await store.remove('never/put');
      await store.put('gone', bytes('1'));
      await store.remove('gone');
      expect(await store.get('gone')).toBeUndefined();
    });

    test('a create-only write makes an object once, knows its own bytes again, and leaves those of others', async () => {
      const store = open();
      expect(await store.create('claims/1', bytes('mine'))).toBe('created');
      expect(await store.create('claims/1', bytes('mine'))).toBe('same');
      expect(await store.create('claims/1', bytes('other'))).toBe('taken');
      expect(await store.create('claims/1', bytes('ours'))).toBe('taken');
      expect(text(await store.get('claims/1'))).toBe('mine');
    });

    test('of twenty who create at once one does', async () => {
      const store = open();
      const ends = await Promise.all(Array.from({ length: 20 }, (_, i) => store.create('claims/race', bytes(`w${i}`))));
      expect(ends.filter((end) => end === 'created')).toHaveLength(1);
      expect(ends.filter((end) => end === 'taken')).toHaveLength(19);
      expect(text(await store.get('claims/race'))).toBe(`w${ends.indexOf('created')}`);
    });

    test('lists are by prefix and in the order of keys, over pages', async () => {
      const store = open();
      const keys = Array.from({ length: 23 }, (_, i) => `runs/r1/shard-${String(i).padStart(4, '0')}`);
      await Promise.all([...keys].reverse().map((key) => store.put(key, bytes(key))));
      await store.put('runs/r10/shard-0000', bytes('x'));
      await store.put('runs/r1-b', bytes('x'));
      expect(await keysOf(store, 'runs/r1/')).toEqual(keys);
      expect(await keysOf(store, 'runs/r1/shard-001')).toEqual(keys.slice(10, 20));
      expect(await keysOf(store, 'runs/r1')).toEqual(['runs/r1-b', ...keys, 'runs/r10/shard-0000']);
      expect(await keysOf(store, 'nothing/here/')).toEqual([]);
    });

    test('an object beyond the bytes that were asked for is refused', async () => {
      const store = open();
      await store.put('large', new Uint8Array(1_000));
      expect((await store.get('large', 1_000))!.byteLength).toBe(1_000);
      await expect(store.get('large', 999)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    });

    test.each([
      '',
      '/a',
      'a/',
      'a//b',
      '../a',
      'a/../b',
      '.hidden',
      'a/.b',
      'a\\b',
      'a b',
      'ü',
      'a\0',
      'x'.repeat(513),
    ])('the key %j is refused', async (key) => {
      const store = open();
      await expect(store.put(key, bytes('1'))).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      await expect(store.get(key)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    });
  });
}
