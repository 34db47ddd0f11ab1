// Does npm run smoke pass on a sound service, and fail on one that gives wrong numbers?
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorkplace, repository, type Workplace } from './cli-harness.ts';
import { type RunningService, startService } from './service-harness.ts';

const TOKEN = 'a-token-for-smoke';
const script = join(repository, 'scripts', 'smoke.mjs');
const run = promisify(execFile);
let place: Workplace;
let service: RunningService;
let proxy: Server;

/** Passes everything on, and returns of sweeps a little higher than they are. */
function bending(address: string): Server {
  return createServer(async (request, reply) => {
    const body: Uint8Array[] = [];
    for await (const piece of request) body.push(piece as Uint8Array);
    const { host: _, connection: __, 'transfer-encoding': ___, ...headers } = request.headers;
    const { url, method } = request;
    const isSweep = url === '/api/backtests';
    const content = method === 'GET' ? {} : { body: Buffer.concat(body) };
    const answer = await fetch(`${address}${url}`, { method, headers: headers as Record<string, string>, ...content });
    reply.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    if (isSweep) {
      const text = await answer.text();
      return void reply.end(text.replace(/"totalReturn":0\.3009/, '"totalReturn":0.3008'));
    }
    for await (const piece of answer.body ?? []) reply.write(piece);
    reply.end();
  });
}

beforeAll(async () => {
  place = createWorkplace();
  place.write('gridmill.yaml', '');
  service = await startService(place, [], { GRIDMILL_TOKEN: TOKEN });
  proxy = bending(service.address);
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  proxy?.closeAllConnections();
  proxy?.close();
  await service?.stop();
  place?.remove();
});

test('a service of its own passes every check', async () => {
  const { GRIDMILL_URL: _, ...env } = process.env;
  const { stdout } = await run(process.execPath, [script], { cwd: repository, env }).catch(
    ({ stdout, stderr }: { stdout: string; stderr: string }) => expect.fail(`${stdout}\n${stderr}`),
  );
  expect(stdout).toMatch(/^11 of 11 checks passed$/m);
});

test('a service elsewhere whose numbers are bent fails those checks, and only those', async () => {
  const { port } = proxy.address() as AddressInfo;
  const env = { ...process.env, GRIDMILL_URL: `http://127.0.0.1:${port}`, GRIDMILL_TOKEN: TOKEN };
  const failed = await run(process.execPath, [script], { cwd: place.folder, env }).then(
    ({ stdout }) => expect.fail(stdout),
    (error: { code: number; stdout: string }) => error,
  );
  expect(failed.code).toBe(1);
  const wrong = failed.stdout.split('\n').filter((line) => line.includes(' FAILED '));
  expect(wrong.map((line) => line.slice(0, 38).trim())).toEqual([
    'every row recomputed from the candles',
    'warm workers agree',
  ]);
  expect(failed.stdout).toContain('8 of 11 checks passed, 1 left out');
});
