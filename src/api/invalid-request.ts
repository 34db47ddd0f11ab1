// From what a schema refused to words: which name is unknown or missing, which value is wrong, and what was meant.
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';

/** What the validator says of one failure; with `verbose`, also the schema and the value it is about. */
export interface SchemaFailure {
  readonly keyword?: string;
  readonly instancePath: string;
  readonly message?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly parentSchema?: { readonly properties?: Readonly<Record<string, unknown>> };
  readonly data?: unknown;
}

/** Names listed in an answer, and characters of a name that was sent. */
const NAMES_SAID = 40;
const NAME_CHARACTERS = 40;

/** `part`: body, querystring, params or headers. The first failure is told; a misspelt name goes before the one it leaves missing. */
export function invalidRequest(part: string, failure: SchemaFailure): AppError {
  const place = `${part}${failure.instancePath.replaceAll('/', '.')}`;
  return new AppError('REQUEST_INVALID', {
    rule: 'A request must match its schema.',
    found: `${place}: ${unknownName(failure) ?? wrongValue(failure)}`,
    todo: 'GET /api/openapi.json describes every request.',
  });
}

function unknownName({ keyword, parentSchema, data }: SchemaFailure): string | undefined {
  if (keyword !== 'additionalProperties' && keyword !== 'required') return undefined;
  const known = Object.keys(parentSchema?.properties ?? {});
  if (known.length === 0 || typeof data !== 'object' || data === null) return undefined;
  const unknown = Object.keys(data).find((name) => !known.includes(name));
  if (unknown === undefined) return undefined;
  const said = JSON.stringify(unknown.slice(0, NAME_CHARACTERS));
  return `${said} is not known.${didYouMean(unknown, known) || ` Known are ${known.slice(0, NAMES_SAID).join(', ')}.`}`;
}

function wrongValue({ keyword, params, message }: SchemaFailure): string {
  const allowed = params?.['allowedValues'];
  if (keyword === 'enum' && Array.isArray(allowed)) return `must be one of ${allowed.slice(0, NAMES_SAID).join(', ')}.`;
  return `${message ?? 'not as described'}.`;
}
