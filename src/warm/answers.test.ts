// Tests of kept answers: found by content, bounded by number, bytes and age.
import { expect, test } from 'vitest';
import { createFakeClock } from '../core/clock.ts';
import { answerKey, createAnswers, type RemoteAnswers } from './answers.ts';
import { WARM_LIMITS } from './limits.ts';

const bounds = { clock: createFakeClock(1), entriesMax: 3, bytesMax: 10_000, ttlMs: 60_000 };

test('each part of the content makes another key', () => {
  const content = { engineVersion: '1', contentHash: 'a', strategyHash: 'b', request: { kind: 'run', top: 5 } };
  const keys = [
    content,
    { ...content, engineVersion: '2' },
    { ...content, contentHash: 'b' },
    { ...content, strategyHash: 'a' },
    { ...content, request: { kind: 'run', top: 6 } },
  ].map(answerKey);
  expect(new Set(keys).size).toBe(5);
  expect(answerKey({ ...content, request: { top: 5, kind: 'run' } })).toBe(keys[0]);
});

test('the one used longest ago goes first, and none beyond the bytes is kept', async () => {
  const answers = createAnswers(bounds);
  for (const key of ['a', 'b', 'c']) answers.keep(key, { key });
  await answers.find('a');
  answers.keep('d', { key: 'd' });
  expect(await answers.find('b')).toBeUndefined();
  expect(await answers.find('a')).toEqual({ key: 'a' });
  answers.keep('large', { text: 'x'.repeat(6_000) });
  expect(await answers.find('large')).toBeUndefined();
  answers.keep('e', { text: 'x'.repeat(3_000) });
  answers.keep('f', { text: 'x'.repeat(3_000) });
  expect(answers.status().bytes).toBeLessThanOrEqual(bounds.bytesMax);
  expect(answers.status()).toMatchObject({ hits: 2, misses: 2, remoteReachable: null });
});

test('an answer is forgotten when its time is over', async () => {
  const clock = createFakeClock(1);
  const answers = createAnswers({ ...bounds, clock });
  answers.keep('a', { value: 1 });
  clock.advance(59_000);
  expect(await answers.find('a')).toEqual({ value: 1 });
  clock.advance(2_000);
  expect(await answers.find('a')).toBeUndefined();
});

test('what others have left in a shared store is taken only when it is an answer, and large ones are not sent', async () => {
  const sent: string[] = [];
  const texts: Record<string, string> = { cut: '{"value":', list: '[1]', good: '{"value":1}' };
  const remote: RemoteAnswers = {
    get: async (key) => texts[key],
    set: async (key) => void sent.push(key),
    isReachable: () => true,
    close: async () => undefined,
  };
  const answers = createAnswers({ ...bounds, bytesMax: 1e9, remote });
  expect(await answers.find('cut')).toBeUndefined();
  expect(await answers.find('list')).toBeUndefined();
  expect(await answers.find('good')).toEqual({ value: 1 });
  expect(await answers.find('good')).toEqual({ value: 1 });
  expect(answers.status()).toMatchObject({ hits: 1, remoteHits: 1, misses: 2, remoteReachable: true });
  answers.keep('large', { text: 'x'.repeat(WARM_LIMITS.answerBytesMax / 2) });
  answers.keep('small', {});
  expect(sent).toEqual(['small']);
});
