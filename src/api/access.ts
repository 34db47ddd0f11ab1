// Who may ask: the bearer token, and the host names the service answers for.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../core/errors.ts';
import type { RateLimit } from './rate-limit.ts';

export interface Access {
  /** Names to tokens; none when the service is open to its own machine only. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Host headers that are answered, without port. Others are refused: a page elsewhere may point its name at us. */
  readonly hosts: readonly string[];
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose token it is; "local" where none is asked for. */
    user: string;
  }
}

/** Probes of supervisors, which carry no token. */
const OPEN_PATHS = new Set(['/healthz', '/readyz']);

/** `rate` counts by user, and by address those who give a wrong token; nobody is counted without it. */
export function guardAccess(server: FastifyInstance, access: Access, rate?: RateLimit): void {
  const known = Object.entries(access.tokens).map(([user, token]) => ({ user, digest: digestOf(token) }));
  server.decorateRequest('user', 'local');
  server.addHook('onRequest', async (request) => {
    const host = hostName(request.headers.host);
    if (!access.hosts.includes(host)) throw foreignHost(host);
    if (OPEN_PATHS.has(request.routeOptions.url ?? '')) return;
    if (known.length === 0) {
      rate?.take('user local');
      return;
    }
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    // Digests have one length, and all of them are compared: how long it takes says nothing about a token.
    const digest = digestOf(given ?? '');
    const users = known.filter((entry) => timingSafeEqual(entry.digest, digest));
    if (given === undefined || users.length === 0) {
      rate?.take(`address ${request.ip}`);
      throw noToken(given !== undefined);
    }
    request.user = users[0]!.user;
    rate?.take(`user ${request.user}`);
  });
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Without port and brackets, in lower case. */
export const hostName = (header: string | undefined): string =>
  (header ?? '')
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');

const foreignHost = (host: string): AppError =>
  new AppError('HOST_FORBIDDEN', {
    found: host === '' ? 'no host.' : 'another one.',
    todo: 'Use the address it was started with, or add the name with --host-name.',
  });

const noToken = (wasGiven: boolean): AppError =>
  new AppError('TOKEN_INVALID', {
    found: wasGiven ? 'a token that is not known.' : 'no token.',
    todo: 'Send the header "Authorization: Bearer TOKEN".',
  });
