// Tests of the deny-list: Node's modules by any of their names, and nobody else's.
import { builtinModules } from 'node:module';
import { expect, test } from 'vitest';
import { deniedModule } from './denied-modules.ts';

test.each([
  'http',
  'node:http',
  'dns/promises',
  'node:dns/promises',
  '_http_client',
  'node:_tls_wrap',
  'child_process',
  'node:sqlite',
  'node:test/reporters',
  'inspector/promises',
])('%s is denied', (name) => expect(deniedModule(name)).toBeDefined());

test.each([
  'fs',
  'node:fs/promises',
  'path',
  'crypto',
  'test',
  'sqlite',
  'http/own.js',
  './http',
  'dns-packet',
  'constructor',
])('%s is not', (name) => expect(deniedModule(name)).toBeUndefined());

test('what is left of Node is known: a new module is looked at before strategies get it', () => {
  const allowed = builtinModules.filter((name) => !name.startsWith('_') && deniedModule(name) === undefined);
  const known = [
    'assert',
    'async_hooks',
    'buffer',
    'console',
    'constants',
    'crypto',
    'diagnostics_channel',
    'domain',
    'events',
    'fs',
    'module',
    'os',
    'path',
    'perf_hooks',
    'process',
    'punycode',
    'querystring',
    'readline',
    'stream',
    'string_decoder',
    'sys',
    'timers',
    'tty',
    'url',
    'util',
    'worker_threads',
    'zlib',
  ];
  expect(allowed.filter((name) => !known.includes(name.replace(/^node:/, '').split('/')[0]!))).toEqual([]);
});
