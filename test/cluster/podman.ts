// Drives podman: the images of this checkout, containers with limits, and requests from inside them where they have no network.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../e2e/cli-harness.ts';

const BASE = process.env['GRIDMILL_IMAGE_BASE'] ?? 'docker.io/library/node:24-slim';
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

export const podman = (args: readonly string[], input?: string): SpawnSyncReturns<string> =>
  spawnSync('podman', args, { encoding: 'utf8', input, maxBuffer: 1 << 28, cwd: repository, timeout: 600_000 });

/** Standard output of a command that must succeed. */
export function ask(args: readonly string[], input?: string): string {
  const { status, stdout, stderr } = podman(args, input);
  if (status !== 0) throw new Error(`podman ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout.trim();
}

/** Why images cannot be built here, or undefined. */
export function podmanMissing(): string | undefined {
  const { error, status, stderr } = podman(['info']);
  if (error !== undefined) return 'podman is not installed';
  if (status !== 0) return `podman does not work here: ${stderr.trim().split('\n').at(-1)}`;
  return baseMissing() ?? runMissing();
}

function baseMissing(): string | undefined {
  if (podman(['image', 'exists', BASE]).status === 0) return undefined;
  if (podman(['pull', '--quiet', BASE]).status === 0) return undefined;
  if (spawnSync('mmdebstrap', ['--version']).status !== 0) {
    return `${BASE} cannot be pulled, and mmdebstrap is not installed to make a stand-in`;
  }
  const made = spawnSync(join(repository, 'deploy/docker/local-base.sh'), [BASE], { encoding: 'utf8' });
  return made.status === 0 ? undefined : `no stand-in for ${BASE}: ${made.stderr.trim().split('\n').at(-1)}`;
}

/** Some sandboxes let podman be installed, and no container start. */
function runMissing(): string | undefined {
  const { status, stderr } = podman(['run', '--rm', '--network', 'none', '--pull', 'never', BASE, 'node', '--version']);
  return status === 0 ? undefined : `no container starts here: ${stderr.trim().split('\n').at(-1)}`;
}

/** Builds a target of deploy/docker/Dockerfile and answers the name of the image. */
export function buildImage(target: string): string {
  const name = `localhost/gridmill-test:${target}`;
  const secret = existsSync(AUTHORITIES) ? ['--secret', `id=ca,src=${AUTHORITIES}`] : [];
  const file = ['-f', 'deploy/docker/Dockerfile', '--target', target, '--build-arg', `BASE=${BASE}`];
  // Docker's format has health checks; the network of the host reaches the package registry wherever the host does.
  ask(['build', '--format', 'docker', '--network', 'host', '--pull=never', ...secret, ...file, '-t', name, '.']);
  return name;
}

/** Milliseconds until `isSo`, asked every 50 ms; throws after `seconds`. */
export async function waitFor(what: string, seconds: number, isSo: () => boolean): Promise<number> {
  const started = performance.now();
  while (!isSo()) {
    if (performance.now() - started > seconds * 1000) throw new Error(`${what} took longer than ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return performance.now() - started;
}

const FETCH = `
const [, method, path, token, body] = process.argv;
const headers = { authorization: 'Bearer ' + token, ...(body ? { 'content-type': 'application/json' } : {}) };
const answer = await fetch('http://127.0.0.1:8080' + path, { method, headers, body, signal: AbortSignal.timeout(20000) });
process.stdout.write(JSON.stringify({ status: answer.status, text: await answer.text() }));`;

/** Asks the service from inside its container; undefined while it does not answer. */
export function request(
  container: string,
  token: string,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): { readonly status: number; readonly text: string } | undefined {
  const content = body === undefined ? [] : [JSON.stringify(body)];
  const script = ['node', '--input-type=module', '-e', FETCH, '--', method, path, token, ...content];
  const { status, stdout } = podman(['exec', container, ...script]);
  return status === 0 ? (JSON.parse(stdout) as { status: number; text: string }) : undefined;
}
