// Refusals of a schema in words, with the validator that the service uses.
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { invalidRequest, type SchemaFailure } from './invalid-request.ts';
import { BacktestBody } from './schemas.ts';

const ajv = new Ajv({ strict: false, allErrors: false, verbose: true });
const validate = ajv.compile(BacktestBody);

function foundIn(body: object): string {
  expect(validate(body)).toBe(false);
  return invalidRequest('body', validate.errors![0] as SchemaFailure).found;
}

test('a misspelt name is named with the one that was meant, also where it leaves that one missing', () => {
  expect(foundIn({ strategy: 'sma-cross', dta: 'a/b/1h' })).toBe('body: "dta" is not known. Did you mean "data"?');
  expect(foundIn({ strategy: 'sma-cross', data: 'a/b/1h', rnk: 'sharpe' })).toBe(
    'body: "rnk" is not known. Did you mean "rank"?',
  );
});

test('a name like no other is told with all that are known', () => {
  expect(foundIn({ strategy: 'sma-cross', data: 'a/b/1h', xyzzyplugh: 1 })).toMatch(
    /^body: "xyzzyplugh" is not known\. Known are .*strategy.*\.$/,
  );
});

test('what is missing and what is wrong say where', () => {
  expect(foundIn({ strategy: 'sma-cross' })).toBe("body: must have required property 'data'.");
  expect(foundIn({ strategy: 'sma-cross', data: 'a/b/1h', top: 'many' })).toBe('body.top: must be integer.');
});

test('a name that was sent is cut and cannot break a line', () => {
  const name = `a\r\nb${'c'.repeat(500)}`;
  const found = foundIn({ strategy: 'sma-cross', data: 'a/b/1h', [name]: 1 });
  expect(found).toContain('"a\\r\\nbccc');
  expect(found.length).toBeLessThan(1_000);
});
