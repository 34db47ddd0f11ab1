// Unit tests of the checks of requests: each compiles, is sound, and says what was wrong.
import { readdirSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { schemaCompilers } from './schema-compilers.ts';

const compilers = schemaCompilers()?.compilersFactory;
const compile = compilers!.buildValidator!({}, {} as never) as unknown as (route: {
  readonly schema: object;
  readonly httpPart: string;
}) => { (data: unknown): boolean; readonly errors: unknown };

/** Every schema that a file of schemas exports. */
async function exportedSchemas(): Promise<[string, object][]> {
  const files = readdirSync(import.meta.dirname).flatMap((name) => /^(.*schemas)\.ts$/.exec(name)?.[1] ?? []);
  const modules = await Promise.all(files.map((name) => import(`./${name}.ts`) as Promise<Record<string, unknown>>));
  const isSchema = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && ['type', 'anyOf', 'allOf', 'oneOf'].some((name) => name in value);
  return modules.flatMap((module) =>
    Object.entries(module).filter((entry): entry is [string, object] => isSchema(entry[1])),
  );
}

describe('the schemas of the service', () => {
  test('are sound JSON schemas and compile, since no start of the service checks them', async () => {
    const schemas = await exportedSchemas();
    expect(schemas.map(([name]) => name)).toEqual(expect.arrayContaining(['BacktestBody', 'JobBody', 'TurboBody']));
    const strict = new Ajv({ strict: false, allErrors: true });
    for (const [name, schema] of schemas) {
      expect(strict.validateSchema(schema), `${name}: ${strict.errorsText()}`).toBe(true);
      expect(() => compile({ schema, httpPart: 'body' })({}), name).not.toThrow();
    }
  });
});

describe('a check', () => {
  const schema = { type: 'object', properties: { limit: { type: 'integer' } }, additionalProperties: false };

  test('is compiled by the first request that needs it, so that a schema nobody asks for costs nothing', () => {
    const broken = compile({ schema: { type: 'nonsense' }, httpPart: 'body' });
    expect(() => broken({})).toThrow(/nonsense/);
  });

  test('reads the texts of a query as numbers, and those of a body as texts', () => {
    expect(compile({ schema, httpPart: 'querystring' })({ limit: '5' })).toBe(true);
    const body = compile({ schema, httpPart: 'body' });
    expect(body({ limit: '5' })).toBe(false);
    expect(body.errors).toMatchObject([{ instancePath: '/limit', keyword: 'type', parentSchema: { type: 'integer' } }]);
    expect([body({ limit: 5 }), body.errors]).toEqual([true, null]);
  });
});
