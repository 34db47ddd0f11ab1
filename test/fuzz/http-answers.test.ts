// Is what handlers answer written whole, also where a schema does not name it or names another type?
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Door, openDoor } from './door.ts';

let door: Door;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

test('any JSON is written as it is under any schema', () => {
  const schemas = fc.constantFrom(
    { type: 'object', properties: {}, additionalProperties: false },
    { type: 'object', properties: { a: { type: 'number' }, b: { type: 'integer' }, c: { type: 'string' } } },
    {
      anyOf: [{ type: 'object', properties: { a: { type: 'number' } }, additionalProperties: false }, { type: 'null' }],
    },
  );
  const answers = fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'd'),
    fc.oneof(fc.jsonValue(), fc.double({ noNaN: true })),
  );
  fc.assert(
    fc.property(schemas, answers, (schema, answer) => {
      const write = door.server.serializerCompiler!({ schema, url: '/', method: 'GET', httpStatus: '200' } as never);
      expect(JSON.parse(write(answer))).toEqual(JSON.parse(JSON.stringify(answer)));
    }),
  );
});
