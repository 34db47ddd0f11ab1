// The memory contract: a process with --memory never holds more than that, whatever the grid, and gives the same bytes.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BIN, createWorkplace, csvOf, minuteCandles, repository, type Workplace } from './cli-harness.ts';

/** A million variants take half a minute, ten million many. */
const isLong = process.env['GRIDMILL_LONG_MEMORY'] === '1';
const RISK = ['--stop-loss', '0,0.01,0.02,0.05', '--take-profit', '0,0.01,0.03,0.06,0.1'];

const averages = (fast: string, slow: string): string[] => [
  'sma-cross',
  '--set',
  `fast=${fast}`,
  '--set',
  `slow=${slow}`,
];
const strengths = (lengths: string, low: string, high: string): string[] => [
  'rsi-reversion',
  '--set',
  `length=${lengths}`,
  '--set',
  `low=${low}`,
  '--set',
  `high=${high}`,
];

interface Case {
  readonly name: string;
  readonly bars: number;
  readonly workers: number;
  readonly args: readonly string[];
  readonly checkpoint?: boolean;
  readonly command?: 'sweep' | 'optimize';
}

const row = (name: string, bars: number, workers: number, args: readonly string[], checkpoint = false): Case => ({
  name,
  bars,
  workers,
  args,
  checkpoint,
});

const HUNDRED = averages('2..11', '12..21');
const MILLION = averages('2..1001', '1002..2001');
const CASES: readonly Case[] = [
  row('1 variant', 500, 1, averages('5', '20')),
  row('1 variant', 200_000, 2, averages('5', '20')),
  row('100 variants', 20_000, 2, HUNDRED),
  row('100 variants under all of 20 barriers', 200_000, 1, [...HUNDRED, ...RISK, '--preselect', '0']),
  row('40 variants of a bar strategy, in one guarded thread', 20_000, 1, ['./breakout.ts']),
  row('10,000 variants', 20_000, 1, averages('2..101', '102..201')),
  row('10,000 variants, the best of them under barriers', 3_000, 2, [...averages('2..101', '102..201'), ...RISK], true),
  row('10,000 variants under all of 20 barriers', 3_000, 2, [
    ...averages('2..101', '102..201'),
    ...RISK,
    '--preselect',
    '0',
  ]),
  ...(isLong
    ? [
        row('a million variants', 3_000, 1, MILLION, true),
        row('a million variants', 500, 1, strengths('2..101', '20..39.8:0.2', '60..79.8:0.2')),
        row('a million variants', 3_000, 2, MILLION),
        row('ten million variants', 3_000, 2, strengths('2..101', '20..39.845:0.063', '60..79.845:0.063'), true),
      ]
    : []),
];

/** Code of the user's runs beside the process that plans, also where one worker is asked for. */
const BREAKOUT = `import { close, defineBarStrategy, gt, range, sma } from 'gridmill';
export default defineBarStrategy({
  name: 'breakout',
  parameters: { n: range(10, 400, 10) },
  init: ({ parameters: { n }, condition }) => condition(gt(close, sma(close, n))),
  onBar: (context, above) => void (above.at() ? context.buy() : context.exit()),
});`;

const study = (name: string, workers: number, args: readonly string[]): Case => ({
  ...row(name, 200_000, workers, [...args, '--mode', 'random', '--iter', '40']),
  command: 'optimize',
});
const STUDIES: readonly Case[] = [
  study('a study of signals', 2, averages('2..60', '61..200')),
  study('a study of a controller', 1, ['controller.yml']),
  study('a study of a controller', 2, ['controller.yml']),
  study('a study of bar-by-bar code', 2, ['sma-bracket']),
];

interface Run {
  readonly status: number | null;
  readonly stderr: string;
  readonly peakBytes: number;
  readonly hash: string;
  readonly predicted: number;
}

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
  place.write('breakout.ts', BREAKOUT);
  place.write('controller.yml', 'controller_name: bollinger_v1\ntotal_amount_quote: 1000\n');
  for (const bars of [500, 3_000, 20_000, 200_000]) place.write(`${bars}.csv`, csvOf(minuteCandles(bars)));
});
afterAll(() => place.remove());

let runs = 0;

/** Runs a sweep in a process of its own; the system counts the peak of what it holds. */
function sweep({ bars, workers, args, checkpoint = false, command = 'sweep' }: Case, memory?: string): Promise<Run> {
  const id = `${++runs}`;
  const peak = join(place.folder, `peak-${id}`);
  const options = ['--data', `${bars}.csv`, '--json'];
  if (command === 'sweep') options.push('--workers', String(workers));
  else if (workers > 1) options.push('--turbo', '--workers', String(workers));
  if (checkpoint) options.push('--checkpoint', `checkpoint-${id}`);
  if (memory !== undefined) options.push('--memory', memory);
  const argv = ['--import', join(repository, 'bench/peak.mjs'), BIN, command, ...args, ...options];
  const env = { ...process.env, GRIDMILL_HOME: join(place.folder, `home-${id}`), GRIDMILL_BENCH_PEAK: peak };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, { cwd: place.folder, env });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk));
    child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk));
    child.on('error', reject);
    child.on('close', (status) => {
      const result =
        status === 0 ? (JSON.parse(stdout) as { resultHash: string; plan: { bytesPredicted: number } }) : undefined;
      const peakBytes = Number(readFileSync(peak, 'utf8'));
      resolve({
        status,
        stderr,
        peakBytes,
        hash: result?.resultHash ?? '',
        predicted: result?.plan.bytesPredicted ?? 0,
      });
    });
  });
}

/** The budget that a refusal names, in millions of bytes. */
async function smallest(asked: Case): Promise<number> {
  const { status, stderr } = await sweep(asked, '20MB');
  expect(status, stderr).toBe(5);
  return Number(/--memory (\d+)MB/.exec(stderr)?.[1]);
}

describe.runIf(process.platform === 'linux')('a process within its budget', { concurrent: true }, () => {
  test.each([...CASES, ...STUDIES])(
    '$name, $bars bars, $workers workers',
    { timeout: 900_000 },
    async (asked) => {
      const named = await smallest(asked);
      const hashes = new Set<string>();
      for (const megabytes of [named, 2 * named, 512]) {
        const { status, stderr, peakBytes, hash, predicted } = await sweep(asked, `${megabytes}MB`);
        expect(status, stderr).toBe(0);
        expect(peakBytes / 1e6, `peak in MB under --memory ${megabytes}MB`).toBeLessThanOrEqual(megabytes);
        hashes.add(hash);
        // What a study may take is bounded; what its trials will ask for, nobody knows before.
        if (asked.command === 'optimize') continue;
        expect(predicted / peakBytes, 'what the plan predicts').toBeGreaterThan(0.8);
        expect(predicted / peakBytes, 'what the plan predicts').toBeLessThan(1.6);
      }
      expect(hashes.size).toBe(1);
    },
  );

  test('would be seen to break it: the same sweep with and without a budget', async () => {
    const args = [...averages('2..101', '102..300:2'), '--sample', '300'];
    const asked = row('many columns', 200_000, 1, args);
    const named = await smallest(asked);
    const [bounded, free] = [await sweep(asked, `${named}MB`), await sweep(asked)];
    expect(bounded.peakBytes).toBeLessThanOrEqual(named * 1e6);
    expect(free.peakBytes).toBeGreaterThan(1.5 * named * 1e6);
    expect(free.hash).toBe(bounded.hash);
  });
});
