// Every route of the service as its own document describes it, with values that each of its fields takes.
import type { FastifyInstance } from 'fastify';

export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly additionalProperties?: boolean;
}

export interface Field {
  readonly place: 'path' | 'query' | 'header';
  readonly name: string;
  readonly required: boolean;
  readonly schema: Schema;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its parameters in braces. */
  readonly path: string;
  readonly fields: readonly Field[];
  /** Undefined where it takes no JSON. */
  readonly body: Schema | undefined;
  readonly takesUpload: boolean;
}

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters?: readonly (Omit<Field, 'place'> & { readonly in: Field['place'] })[];
            readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> };
          }
        >
      >
    >
  >;
}

/** What the document leaves out takes no parameter. */
const HIDDEN: readonly Route[] = [
  { method: 'GET', path: '/api/openapi.json', fields: [], body: undefined, takesUpload: false },
];

export function routesOf(server: FastifyInstance): readonly Route[] {
  const { paths } = server.swagger() as unknown as Document;
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]): Route => {
      const content = requestBody?.content ?? {};
      return {
        method: method.toUpperCase() as Route['method'],
        path,
        fields: parameters.map(({ in: place, name, required = false, schema }) => ({ place, name, required, schema })),
        body: content['application/json']?.schema,
        takesUpload: path === '/api/data/import',
      };
    }),
  );
  return [...described, ...HIDDEN];
}

/** Texts of which each pattern in use takes at least one. */
const TEXTS = ['abcd', 'lab/MADE/1h', '1h', '5..50:5', 'abcd,abcd', 'BTC/USDT', '2024-01-01', 'ABC', 'job', '/x', '1'];

/** A value that the schema allows. */
export function sampleOf(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) return sampleOf(schema.anyOf[0]!);
  switch (schema.type) {
    case 'object':
      return Object.fromEntries((schema.required ?? []).map((name) => [name, sampleOf(schema.properties![name]!)]));
    case 'array':
      return [sampleOf(schema.items!)];
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, 1);
    default: {
      const { pattern } = schema;
      const found = TEXTS.find((text) => pattern === undefined || new RegExp(pattern, 'u').test(text));
      if (found === undefined) throw new Error(`no text for ${pattern}`);
      return found;
    }
  }
}

export interface Call {
  readonly method: Route['method'];
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload?: string;
}

/** A request that the schemas of the route allow, with some values in place of those that were thought of. */
export function callOf(
  { method, path, fields, body, takesUpload }: Route,
  change: {
    readonly path?: Readonly<Record<string, string>>;
    /** As it stands in the URL. */
    readonly query?: string;
    readonly body?: unknown;
    readonly text?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Call {
  const filled = path.replaceAll(
    /\{(\w+)\}/g,
    (_, name: string) =>
      change.path?.[name] ?? encodeURIComponent(String(sampleOf(fields.find((field) => field.name === name)!.schema))),
  );
  const needed = fields.filter(({ place, required }) => place === 'query' && required);
  const query = [...needed.map(({ name, schema }) => `${name}=${encodeURIComponent(String(sampleOf(schema)))}`)];
  if (change.query !== undefined) {
    const given = change.query.split('=', 1)[0];
    query.splice(0, query.length, ...query.filter((pair) => pair.split('=', 1)[0] !== given), change.query);
  }
  const payload = change.text ?? (body === undefined ? undefined : JSON.stringify(change.body ?? sampleOf(body)));
  return {
    method,
    url: filled + (query.length === 0 ? '' : `?${query.join('&')}`),
    headers: {
      host: 'localhost',
      ...(takesUpload && { 'content-type': 'application/octet-stream' }),
      ...(payload !== undefined && { 'content-type': 'application/json' }),
      ...change.headers,
    },
    ...(takesUpload ? { payload: 'x' } : payload === undefined ? {} : { payload }),
  };
}

/** Text fields of a body and where they are, those within others and lists included. */
export function textsOf(
  schema: Schema,
  at: readonly string[] = [],
): readonly { at: readonly string[]; schema: Schema }[] {
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap((one) => textsOf(one, at));
  if (schema.type === 'string' && schema.const === undefined) return [{ at, schema }];
  return Object.entries(schema.properties ?? {}).flatMap(([name, one]) => textsOf(one, [...at, name]));
}

/** The body with a value at a place. */
export function withValue(body: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  const members = (body ?? {}) as Record<string, unknown>;
  return { ...members, [name]: withValue(members[name], rest, value) };
}
