// Tests of tokens from the environment: one or several, each with a name, and never said again.
import { expect, test } from 'vitest';
import { readTokens } from './service-tokens.ts';

const [A, B] = ['a'.repeat(16), 'b'.repeat(48)];

test('one, several, both or none are read', () => {
  expect(readTokens({})).toEqual({});
  expect(readTokens({ GRIDMILL_TOKEN: '', GRIDMILL_TOKENS: ' ' })).toEqual({});
  expect(readTokens({ GRIDMILL_TOKEN: 'short' })).toEqual({ token: 'short' });
  expect(readTokens({ GRIDMILL_TOKENS: `ann:${A}, ben.b-1:${B}` })).toEqual({ ann: A, 'ben.b-1': B });
  expect(readTokens({ GRIDMILL_TOKEN: 'short', GRIDMILL_TOKENS: `ann:x:${A}` })).toEqual({
    token: 'short',
    ann: `x:${A}`,
  });
});

test('what is no list of names and tokens is refused by its place, without a word of a token', () => {
  const secret = 'never-say-this-token';
  for (const several of [
    secret,
    `:${secret}`,
    `ann:${A},`,
    `a b:${secret}`,
    `../x:${secret}`,
    `ann:${secret.slice(0, 15)}`,
    `ann:${secret} x`,
    `ann:${'x'.repeat(257)}`,
    `ann:${secret},ann:${A}`,
    `ann:${secret},ben:${secret}`,
    `token:${secret}`,
  ]) {
    const environment = { GRIDMILL_TOKEN: several.startsWith('token') ? A : '', GRIDMILL_TOKENS: several };
    const wanted = { code: 'REQUEST_INVALID', message: expect.not.stringContaining(secret) };
    expect(() => readTokens(environment), several).toThrow(expect.objectContaining(wanted));
  }
});
