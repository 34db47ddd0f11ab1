// The only way out: https requests to known hosts, on addresses that were checked to be public.
import { lookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { reasonOf, shown } from '../input-fault.ts';
import { isPublicAddress } from './public-address.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** Must be read to its end or left early; both close the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** One GET. Redirects are not the caller's concern. Errors: FETCH_FAILED, FETCH_FORBIDDEN. */
export type HttpFetch = (url: string, options: { readonly signal: AbortSignal }) => Promise<HttpAnswer>;

/** Opens one connection to one of `addresses` and sends the request; the name serves for TLS and the Host header. */
export type Connect = (url: URL, addresses: readonly string[], signal: AbortSignal) => Promise<HttpAnswer>;

export interface GuardOptions {
  /** Exact host names. */
  readonly hosts: readonly string[];
  /** All addresses of a host name. The system's resolver by default. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly connect?: Connect;
}

/**
 * A fetch that allows https on port 443 to `hosts` only, resolves the name once, refuses unless every address is public,
 * and connects to those very addresses, so that a second answer of the name server cannot move the request. At most
 * LIMITS.redirectsMax redirects are followed, each checked like the first request.
 *
 * Covered: other schemes, ports, credentials in URLs, numeric hosts, private and tunnelled addresses, DNS rebinding,
 * redirects. Not covered: what a permitted host itself serves, and proxies (their environment variables are ignored).
 */
export function createGuardedFetch({ hosts, resolve = resolveAll, connect = connectTls }: GuardOptions): HttpFetch {
  return async (start, { signal }) => {
    let url = checkUrl(start, hosts);
    for (let redirects = 0; ; redirects++) {
      const addresses = await checkedAddresses(url.hostname, resolve);
      const answer = await connect(url, addresses, signal).catch((error) => {
        throw fetchFailed(url, error);
      });
      const location = [301, 302, 303, 307, 308].includes(answer.status) ? answer.headers.get('location') : null;
      if (location === null) return answer;
      await leave(answer.body);
      if (redirects === LIMITS.redirectsMax) {
        throw new AppError('FETCH_FAILED', {
          found: `more than ${redirects} redirects from ${start}.`,
          todo: 'Try again later.',
        });
      }
      url = checkUrl(location, hosts, url);
    }
  };
}

function checkUrl(text: string, hosts: readonly string[], base?: URL): URL {
  const forbid = (found: string): AppError =>
    new AppError('FETCH_FORBIDDEN', {
      found: `${found} in ${shown(text)}.`,
      todo: `Allowed: https on ${hosts.join(', ')}.`,
    });
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    throw forbid('no URL');
  }
  if (url.protocol !== 'https:') throw forbid(`the scheme ${url.protocol}`);
  if (url.username !== '' || url.password !== '') throw forbid('credentials');
  if (url.port !== '') throw forbid(`the port ${url.port}`);
  if (isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) throw forbid('a numeric host');
  if (!hosts.includes(url.hostname)) throw forbid(`the host ${url.hostname}`);
  return url;
}

async function checkedAddresses(
  host: string,
  resolve: (host: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const addresses = await resolve(host).catch((error) => {
    throw new AppError('FETCH_FAILED', {
      found: `the name ${host} does not resolve (${reasonOf(error)}).`,
      todo: 'Check that this machine is online.',
      cause: error,
    });
  });
  const inside = addresses.find((address) => !isPublicAddress(address));
  if (addresses.length === 0 || inside !== undefined) {
    const found =
      inside === undefined ? `${host} has no address.` : `${host} resolves to ${inside}, which is not public.`;
    throw new AppError('FETCH_FORBIDDEN', { found, todo: 'Check the name server of this machine.' });
  }
  return addresses;
}

const resolveAll = async (host: string): Promise<string[]> =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);

const connectTls: Connect = createConnect(httpsRequest);

/** The Connect of a `request` function of node:https or node:http. Exported for tests against a local server. */
export function createConnect(request: typeof httpsRequest): Connect {
  return (url, addresses, signal) =>
    new Promise((answered, failed) => {
      const pinned: LookupFunction = (_host, options, done) => {
        const entries = addresses.map((address) => ({ address, family: isIP(address) }));
        if (options.all === true) done(null, entries);
        else done(null, entries[0]!.address, entries[0]!.family);
      };
      // No agent: a pooled connection would skip the address just checked.
      const sent = request(
        url,
        { lookup: pinned, agent: false, signal, headers: { 'user-agent': 'gridmill' } },
        (message) => answered({ status: message.statusCode ?? 0, headers: headersOf(message), body: message }),
      );
      sent.on('error', failed);
      sent.end();
    });
}

function headersOf(message: IncomingMessage): HttpAnswer['headers'] {
  return {
    get(name) {
      const value = message.headers[name];
      return typeof value === 'string' ? value : (value?.[0] ?? null);
    },
  };
}

function fetchFailed(url: URL, error: unknown): AppError {
  const found = `no answer from ${url.hostname} (${reasonOf(error)}).`;
  return new AppError('FETCH_FAILED', {
    found,
    todo: 'Check that this machine is online, then try again.',
    cause: error,
  });
}

/** Closes an answer whose body is not wanted. */
export async function leave(body: AsyncIterable<Uint8Array>): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}
