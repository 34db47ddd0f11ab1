// A fetch that holds what it was asked, and what was answered, against the OpenAPI document of the service.
import { Ajv } from 'ajv';

export interface OpenApiDocument {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Described>> }>>>
  >;
}

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Exchange {
  readonly operation: string;
  readonly status: number;
  /** Undefined for what is no JSON. */
  readonly answer: unknown;
}

export interface DescribedFetch {
  readonly fetch: typeof fetch;
  /** Operations of the document that nobody has asked for, such as `GET /api/jobs/{id}`. */
  unasked(document: OpenApiDocument): string[];
  /** What was answered otherwise than the document says, members without a name in it among them. */
  complaints(document: OpenApiDocument): string[];
}

export function createDescribedFetch(): DescribedFetch {
  const requests: {
    readonly method: string;
    readonly path: string;
    readonly status: number;
    readonly answer: unknown;
  }[] = [];
  const exchanges = (document: OpenApiDocument): Exchange[] => {
    const operations = operationsOf(document).map((operation) => {
      const [method, template] = operation.split(' ') as [string, string];
      // Literal paths before those with a parameter in the same place.
      const pattern = new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`);
      return { operation, method, pattern, parameters: template.split('{').length };
    });
    operations.sort((a, b) => a.parameters - b.parameters);
    return requests.flatMap(({ method, path, status, answer }) => {
      const found = operations.find((one) => one.method === method && one.pattern.test(path));
      return found === undefined ? [] : [{ operation: found.operation, status, answer }];
    });
  };
  return {
    async fetch(input, init) {
      const response = await fetch(input, init);
      const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
      const answer = isJson ? await response.clone().json() : undefined;
      const { pathname: path } = new URL(String(input));
      requests.push({ method: init?.method ?? 'GET', path, status: response.status, answer });
      return response;
    },
    unasked(document) {
      const asked = new Set(exchanges(document).map(({ operation }) => operation));
      return operationsOf(document).filter((operation) => !asked.has(operation));
    },
    complaints(document) {
      const ajv = new Ajv({ strict: false, allErrors: true });
      return exchanges(document).flatMap(({ operation, status, answer }) => {
        const [method, template] = operation.split(' ') as [string, string];
        const { responses } = document.paths[template]![method.toLowerCase()]!;
        const described = responses[status] ?? responses[`${Math.floor(status / 100)}XX`];
        if (described === undefined) return [`${operation} ${status}: not described`];
        const schema = described.content?.['application/json']?.schema;
        if (answer === undefined || schema === undefined || ajv.validate(schema, answer)) return [];
        return [
          `${operation} ${status}: ${ajv.errorsText(ajv.errors?.slice(0, 4))} ${JSON.stringify(ajv.errors?.[0]?.params)}`,
        ];
      });
    },
  };
}

const operationsOf = (document: OpenApiDocument): string[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
