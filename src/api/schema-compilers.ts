// What becomes of the schemas of routes: a check of each request, compiled when the first request needs it. Most routes are never asked.
import { Ajv } from 'ajv';
import type { FastifyServerOptions } from 'fastify';

interface Validator {
  (data: unknown): boolean;
  /** What was wrong with the data it last refused; named so by Ajv. */
  errors: unknown;
}

/** What Fastify hands to a compiler of checks. */
interface RouteSchema {
  readonly schema: object;
  readonly httpPart?: string;
}

/** Schemas are the code's own, and a test compiles them all: to check them at each start took longer than all the rest of it. */
const STRICT = {
  removeAdditional: false,
  useDefaults: false,
  allErrors: false,
  strict: false,
  // Errors name the schema too: what was misspelt is told from the names it has.
  verbose: true,
  meta: false,
  validateSchema: false,
} as const;

/** For fastify(). */
export function schemaCompilers(): Required<FastifyServerOptions>['schemaController'] {
  // Bodies mean what they say; only the texts of a query are read as the numbers they stand for.
  const bodies = new Ajv({ ...STRICT, coerceTypes: false });
  const texts = new Ajv({ ...STRICT, coerceTypes: true });
  const compileLazily = ({ schema, httpPart }: RouteSchema): Validator =>
    lazily(() => (httpPart === 'body' ? bodies : texts).compile(schema) as unknown as Validator);
  return {
    compilersFactory: {
      buildValidator: () => compileLazily as never,
      // Answers are described, not filtered: routes make them from what they mean to say.
      buildSerializer: () => () => JSON.stringify,
    },
  };
}

function lazily(compile: () => Validator): Validator {
  let compiled: Validator | undefined;
  const validator: Validator = Object.assign(
    (data: unknown): boolean => {
      compiled ??= compile();
      const isValid = compiled(data);
      validator.errors = compiled.errors;
      return isValid;
    },
    { errors: null },
  );
  return validator;
}
