// Amazon's container registry: its addresses, a password for them, and what lies there under a tag.
import type * as Sdk from '@aws-sdk/client-ecr';
import { AppError } from '../core/errors.ts';

export interface EcrAddress {
  /** What a tool logs in to. */
  readonly registry: string;
  readonly account: string;
  readonly region: string;
  /** The repository in it. */
  readonly name: string;
}

export interface Ecr {
  /** Good for twelve hours. Errors: IMAGE_FAILED. */
  readonly login: () => Promise<{ readonly user: string; readonly password: string }>;
  /** The digest of what lies there under the tag, or undefined. Errors: as login. */
  readonly digestOf: (tag: string) => Promise<string | undefined>;
  readonly close: () => void;
}

const ADDRESS = /^((\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)\/([a-z0-9][a-z0-9._/-]*)$/;
const ATTEMPTS_MAX = 3;
const REQUEST_MS = 15_000;

/** Undefined for a repository elsewhere. */
export function ecrAddress(repository: string): EcrAddress | undefined {
  const [, registry, account, region, name] = ADDRESS.exec(repository) ?? [];
  if (registry === undefined || account === undefined || region === undefined || name === undefined) return undefined;
  return { registry, account, region, name };
}

/** `endpoint` replaces that of the region. Errors: DEPENDENCY_MISSING without the package @aws-sdk/client-ecr. */
export async function openEcr({ registry, account, region, name }: EcrAddress, endpoint?: string): Promise<Ecr> {
  const sdk = await loadSdk();
  const requestHandler = { connectionTimeout: REQUEST_MS, requestTimeout: REQUEST_MS };
  const client = new sdk.ECRClient({
    region,
    maxAttempts: ATTEMPTS_MAX,
    requestHandler,
    ...(endpoint && { endpoint }),
  });
  return {
    async login() {
      const answer = await client.send(new sdk.GetAuthorizationTokenCommand({})).catch((error: unknown) => {
        throw problem(error, registry);
      });
      const token = answer.authorizationData?.[0]?.authorizationToken ?? '';
      const [user = '', ...rest] = Buffer.from(token, 'base64').toString('utf8').split(':');
      return { user, password: rest.join(':') };
    },
    async digestOf(imageTag) {
      const wanted = { registryId: account, repositoryName: name, imageIds: [{ imageTag }] };
      try {
        const { imageDetails } = await client.send(new sdk.DescribeImagesCommand(wanted));
        return imageDetails?.[0]?.imageDigest;
      } catch (error) {
        if (error instanceof sdk.ImageNotFoundException) return undefined;
        throw problem(error, `${registry}/${name}`);
      }
    },
    close: () => client.destroy(),
  };
}

async function loadSdk(): Promise<typeof Sdk> {
  try {
    return await import('@aws-sdk/client-ecr');
  } catch (cause) {
    throw new AppError('DEPENDENCY_MISSING', {
      rule: 'Logging in to ECR needs the package @aws-sdk/client-ecr.',
      found: 'it is not installed.',
      todo: 'npm install @aws-sdk/client-ecr@3',
      cause,
    });
  }
}

const REFUSALS = /Denied|NotFound|Credentials|UnrecognizedClient|InvalidSignature|ExpiredToken|InvalidParameter/;

/** By name and status alone: errors of the client carry the request with its signature. */
function problem(error: unknown, place: string): AppError {
  const name = error instanceof Error ? error.name : 'an unknown error';
  const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
  const found = `${name}${status === undefined ? '' : ` (${status})`} at ${place}.`;
  return REFUSALS.test(name)
    ? new AppError('IMAGE_FAILED', {
        rule: 'ECR must let this account push.',
        found,
        todo: 'Check credentials, region, and that the repository exists.',
      })
    : new AppError('IMAGE_FAILED', {
        rule: 'ECR must answer.',
        found,
        todo: 'Check network and endpoint, or try again.',
      });
}
