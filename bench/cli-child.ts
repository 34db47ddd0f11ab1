// The command line as a fresh process, with the peak of its memory as the system counted it.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkCandles } from '../src/market/quality.ts';
import { parseTimeframe } from '../src/market/timeframe.ts';
import { openCandleStore } from '../src/store/candle-store.ts';
import { benchCandles } from './market.ts';
import { now } from './measure.ts';
import type { BenchContext } from './workload.ts';

export interface CliRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
  readonly peakBytes: number;
}

export function runCli({ root, folder }: BenchContext, args: readonly string[]): Promise<CliRun> {
  const peak = join(folder, 'peak.txt');
  rmSync(peak, { force: true });
  const env = { ...process.env, GRIDMILL_HOME: storeOf(folder), GRIDMILL_BENCH_PEAK: peak };
  const start = now();
  return new Promise((resolve, reject) => {
    const command = ['--import', join(root, 'bench/peak.mjs'), join(root, 'bin/gridmill.mjs'), ...args];
    const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk));
    child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk));
    child.on('error', reject);
    child.on('close', (status) => {
      const ms = now() - start;
      const peakBytes = Number(readFileSync(peak, 'utf8'));
      resolve({ status, stdout, stderr, ms, peakBytes });
    });
  });
}

const storeOf = (folder: string): string => join(folder, 'store');

/** Puts candles of this many bars into the store of the children and answers what to pass as --data. */
export function storeCandles({ folder }: BenchContext, barCount: number): string {
  const key = { exchange: 'bench', symbol: `BARS${barCount}`, timeframe: parseTimeframe('1m') };
  const { candles, report } = checkCandles(benchCandles(barCount), key.timeframe);
  openCandleStore(storeOf(folder)).write(key, candles, { source: 'synthetic', importedAt: 0, quality: report });
  return `${key.exchange}/${key.symbol}/${key.timeframe}`;
}

export interface SweepCase {
  readonly name: string;
  readonly bars: number;
  readonly fast: string;
  readonly slow: string;
  readonly memory?: string;
  readonly deadline?: string;
}

/** Arguments of a sweep of averages that keeps nothing and prints JSON. */
export function sweepArguments(context: BenchContext, { bars, fast, slow, memory, deadline }: SweepCase): string[] {
  const data = storeCandles(context, bars);
  const limits = [
    ...(memory === undefined ? [] : ['--memory', memory]),
    ...(deadline === undefined ? [] : ['--deadline', deadline]),
  ];
  const grid = ['--set', `fast=${fast}`, '--set', `slow=${slow}`];
  return ['sweep', 'sma-cross', '--data', data, ...grid, '--fee', '10bps', '--no-save', '--json', ...limits];
}

export const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
