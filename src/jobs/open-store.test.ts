// Which database a configuration means.
import { expect, test } from 'vitest';
import { locateStore } from './open-store.ts';

test('SQLite is the default; without it an address of PostgreSQL is needed', () => {
  expect(locateStore({ useSqlite: true, databaseUrl: 'postgres://h/d', folder: '/q' })).toEqual({
    kind: 'sqlite',
    folder: '/q',
  });
  for (const databaseUrl of ['postgres://u@h/d', 'postgresql://u@h/d']) {
    expect(locateStore({ useSqlite: false, databaseUrl, folder: '/q' })).toEqual({
      kind: 'postgres',
      url: databaseUrl,
    });
  }
  expect(() => locateStore({ useSqlite: false, folder: '/q' })).toThrow('DATABASE_URL');
});

test('an address of another kind is refused without being repeated', () => {
  const wrong = { useSqlite: false, databaseUrl: 'mysql://u:geheim@h/d', folder: '/q' };
  expect(() => locateStore(wrong)).toThrow(/^(?!.*geheim).*DATABASE_URL/);
});
