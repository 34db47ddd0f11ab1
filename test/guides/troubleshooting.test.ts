// Does the page of symptoms quote what the program says? Every code, message and setting it names is there.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SETTINGS } from '../../src/api/config.ts';
import { ERRORS } from '../../src/core/errors.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path) => readFileSync(join(root, 'src', path), 'utf8'))
  .join('\n');

/** Of other programs, and words that merely look like codes. */
const NOT_OURS = new Set([
  ...[
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'SQLITE_BUSY',
    'USE_SQLITE',
    'NODE_EXTRA_CA_CERTS',
  ],
]);

test('each code it names is in the table of errors', () => {
  const named = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)[`=]/g)].map(([, name]) => name!);
  const codes = new Set(named.filter((name) => !NOT_OURS.has(name) && !name.startsWith('GRIDMILL_')));
  expect(codes.size).toBeGreaterThan(25);
  expect([...codes].filter((code) => !Object.hasOwn(ERRORS, code))).toEqual([]);
});

test('each message it quotes is in the source', () => {
  const quotes = [...page.matchAll(/["“]([A-Za-z][^"”\n]{15,})["”]/g)].map(([, text]) => text!);
  expect(quotes.length).toBeGreaterThan(8);
  const parts = quotes.flatMap((text) => text.split('…')).map((part) => part.replace(/^[ ,]+|[ .,]+$/g, ''));
  const missing = parts.filter((part) => part.length > 8 && !sources.includes(part) && !isInPieces(part));
  expect(missing).toEqual([]);
});

/** Messages are made of a rule, a finding and advice, which stand apart in the source. */
const isInPieces = (text: string): boolean =>
  text.split(/(?<=[.:])\s+/).every((piece) => sources.includes(piece.replace(/[.:]$/, '')));

test('each setting it names is one', () => {
  const settings = new Set(Object.keys(SETTINGS).map((name) => `GRIDMILL_${name.toUpperCase().replaceAll('.', '_')}`));
  const named = [...page.matchAll(/GRIDMILL_[A-Z_]+/g)].map(([name]) => name);
  const others = ['GRIDMILL_TOKEN', 'GRIDMILL_TOKEN_FILE', 'GRIDMILL_HOME'];
  expect(named.filter((name) => !settings.has(name) && !others.includes(name))).toEqual([]);
});
