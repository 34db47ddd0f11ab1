// What every call to AWS has in common: where it goes, how long it may take, and what its failures mean in our words.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';

/** How to reach AWS, where that is not what its clients find by themselves (environment, profile, role of the machine). */
export interface AwsSettings {
  readonly region?: string;
  /** Another server than those of AWS, for tests. */
  readonly endpoint?: string;
}

const CONNECT_MS = 5_000;
const SILENCE_MS = 30_000;

/** Settings of a client: bounded attempts, bounded silence. */
export const clientSettings = ({ region, endpoint }: AwsSettings) => ({
  ...(endpoint === undefined ? {} : { endpoint }),
  ...(region === undefined ? {} : { region }),
  maxAttempts: LIMITS.awsAttemptsMax,
  requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
});

/** Errors: DEPENDENCY_MISSING. */
export async function loadAwsClient<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new AppError('DEPENDENCY_MISSING', {
      rule: `This needs the package ${name}.`,
      found: 'it is not installed.',
      todo: `npm install ${name}@3`,
      cause,
    });
  }
}

interface AwsError extends Error {
  readonly $fault?: 'client' | 'server';
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $retryable?: object;
}

/** Of failures of the network their code says more than their name: ECONNREFUSED. */
export function nameOf(error: unknown): string {
  const { name, code } = (error ?? {}) as { readonly name?: string; readonly code?: unknown };
  return name === undefined || name.length === 0 || name === 'Error' ? String(code ?? 'an unknown error') : name;
}
const MESSAGE_MAX = 600;

/** What AWS itself said of a call; undefined for failures that never reached it. */
export function wordsOf(error: unknown): string | undefined {
  const { $fault, message } = (error ?? {}) as Partial<AwsError>;
  return $fault === undefined ? undefined : message?.slice(0, MESSAGE_MAX);
}

const WAYS_IN: readonly string[] = ['CredentialsProviderError', 'TokenProviderError'];
const isThrottled = (name: string): boolean => /Throttl|TooManyRequests|RequestLimitExceeded|LimitExceeded$/.test(name);

/**
 * The failure of a call as CLOUD_REFUSED (who calls, what is allowed, what was asked) or CLOUD_UNREACHABLE (try again).
 * `call` says what was called: `cloudformation:DescribeStacks`. Errors of the network carry the request with its
 * signature, so that of those only the name is told.
 */
export function awsProblem(error: unknown, call: string): Error {
  if (error instanceof AppError) return error;
  const name = nameOf(error);
  const status = (error as AwsError | undefined)?.$metadata?.httpStatusCode;
  const words = wordsOf(error);
  const found = `${name}${status === undefined ? '' : ` (${status})`} at ${call}${words ? `: ${words}` : '.'}`;
  if (error instanceof Error && error.message === 'Region is missing') {
    return new AppError('CLOUD_REFUSED', {
      rule: 'A call to AWS needs a region.',
      found: 'none given.',
      todo: 'Give --region, or set AWS_REGION.',
    });
  }
  if (WAYS_IN.includes(name)) {
    return new AppError('CLOUD_REFUSED', {
      rule: 'A call to AWS needs credentials.',
      found: `none that can be used, at ${call}.`,
      todo: 'Sign in (aws sso login, aws configure), or set AWS_PROFILE.',
    });
  }
  if (words === undefined || (status ?? 500) >= 500 || isThrottled(name)) {
    return new AppError('CLOUD_UNREACHABLE', { found, todo: 'Check network and region, or try again.' });
  }
  const isForbidden = status === 401 || status === 403 || /AccessDenied|Unauthorized|NotAuthorized|Expired/.test(name);
  return new AppError('CLOUD_REFUSED', {
    found,
    todo: isForbidden ? `Let who calls do ${call} (docs/aws.md lists all).` : 'See what it says.',
  });
}
