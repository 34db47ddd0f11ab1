// Do the examples of README's "Over HTTP" work as they are printed, against a real service?
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { syntheticCandles } from '../../src/market/synthetic.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { BIN, createWorkplace, csvOf, repository, type Workplace } from './cli-harness.ts';
import { type RunningService, startService } from './service-harness.ts';

const ADDRESS = 'http://localhost:8080';

/** Code of the section by its language, in order. */
function examples(): { readonly sh: readonly string[]; readonly ts: readonly string[] } {
  const readme = readFileSync(join(repository, 'README.md'), 'utf8');
  const section = readme.split('\n## ').find((text) => text.startsWith('Over HTTP'))!;
  const blocks = [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => ({
    language,
    code: code!,
  }));
  const of = (wanted: string) => blocks.filter(({ language }) => language === wanted).map(({ code }) => code);
  return { sh: of('sh'), ts: of('ts') };
}

const run = promisify(execFile);
const { sh, ts } = examples();
let place: Workplace;
let service: RunningService;

/** The one thing that is not as printed: another port, since 8080 may be taken. */
const here = (code: string): string => {
  expect(code).toContain(ADDRESS);
  return code.replaceAll(ADDRESS, service.address);
};
const bash = (code: string) => run('bash', ['-euo', 'pipefail', '-c', code], { cwd: place.folder });

beforeAll(async () => {
  place = createWorkplace();
  place.write('gridmill.yaml', '');
  const timeframe = parseTimeframe('1h');
  const startTime = Date.UTC(2024, 0, 1);
  const hours = syntheticCandles({ seed: 3, timeframe, barCount: 5_000, startTime, startPrice: 40_000 });
  place.write('BTCUSDT-1h.csv', csvOf(hours));
  place.write(
    'gridmill',
    `#!/bin/sh\nexport GRIDMILL_HOME='${place.home}'\nexec '${process.execPath}' '${BIN}' "$@"\n`,
  );
  await run('chmod', ['+x', join(place.folder, 'gridmill')]);
  const [prepare] = sh;
  const [importing, serving] = prepare!.trim().split('\n');
  expect(serving).toMatch(/^\.\/gridmill serve & +#/);
  const { stdout } = await bash(importing!);
  expect(stdout).toContain('binance/BTCUSDT/1h');
  service = await startService(place);
});

afterAll(async () => {
  await service?.stop();
  place?.remove();
});

test('curl submits, follows, fetches and cancels', async () => {
  expect(sh).toHaveLength(2);
  const { stdout } = await bash(here(sh[1]!));
  const events = [...stdout.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as { state: string });
  expect(events.at(-1)!.state).toBe('done');
  expect(JSON.parse(readFileSync(join(place.folder, 'result.json'), 'utf8')).record.top.length).toBeGreaterThan(0);
  expect(readFileSync(join(place.folder, 'rows.parquet')).subarray(0, 4).toString()).toBe('PAR1');
  const { jobs } = await service.client.jobs.list();
  expect(jobs).toHaveLength(2);
  expect(jobs[1]).toMatchObject({ state: 'done', idempotencyKey: 'first-sweep' });
  expect((await service.client.jobs.wait(jobs[0]!.id)).state).toMatch(/^(cancelled|done)$/);
});

test('the typed client submits, follows, fetches and cancels, and the example compiles where the package is installed', async () => {
  expect(ts).toHaveLength(1);
  mkdirSync(join(place.folder, 'node_modules', '@types'), { recursive: true });
  symlinkSync(repository, join(place.folder, 'node_modules', 'gridmill'));
  symlinkSync(join(repository, 'node_modules/@types/node'), join(place.folder, 'node_modules/@types/node'));
  place.write('package.json', '{"type": "module"}');
  // The example uses nothing that JavaScript has not: as it is, it is a program of both.
  place.write('example.ts', ts[0]!);
  const program = place.write('example.mjs', here(ts[0]!));
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
    '--skipLibCheck',
    'example.ts',
  ];
  await run(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), ...options], {
    cwd: place.folder,
  }).catch(({ stdout }: { stdout: string }) => expect.fail(stdout));
  const { stdout, stderr } = await run(process.execPath, [program], { cwd: place.folder });
  expect(stderr).toBe('');
  const lines = stdout.trim().split('\n');
  expect(lines.filter((line) => /^done \d+ \w+$/.test(line))).toHaveLength(1);
  expect(stdout).toMatch(/^[0-9a-f]{64} \{$/m);
  expect(lines.at(-1)).toBe('cancelled');
});
