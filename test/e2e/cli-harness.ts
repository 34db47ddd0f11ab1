// Runs the built command line in child processes, in folders of its own, over small synthetic candles.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Candles } from '../../src/market/candles.ts';
import { syntheticCandles } from '../../src/market/synthetic.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';

export const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const BIN = join(repository, 'bin', 'gridmill.mjs');

/** The configuration of a controller, as Hummingbot writes it. */
export const BOLLINGER = `id: bollinger_1
controller_name: bollinger_v1
controller_type: directional_trading
total_amount_quote: '500'
connector_name: binance_perpetual
trading_pair: BTC-USDT
leverage: 20
stop_loss: '0.004'
take_profit: '0.003'
time_limit: 1800
trailing_stop: null
interval: 3m
bb_length: 30
`;

export interface CliResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

export interface Workplace {
  readonly folder: string;
  readonly home: string;
  /** Runs `gridmill ...args` to its end. */
  run(...args: readonly string[]): Promise<CliResult>;
  /** Starts it and hands out the child with the promise of its end. */
  start(
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): { readonly child: ChildProcess; readonly ended: Promise<CliResult> };
  /** Writes a file into the folder and answers its path. */
  write(name: string, content: string): string;
  remove(): void;
}

export function createWorkplace(): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'gridmill-cli-'));
  const home = join(folder, '.home');
  const start = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
    const startedMs = performance.now();
    const { FORCE_COLOR: _, ...env } = process.env;
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: folder,
      env: { ...env, GRIDMILL_HOME: home, NO_COLOR: '1', COLUMNS: '100', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<CliResult>((resolve, reject) => {
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.on('error', reject);
      child.on('close', (exitCode, signal) => {
        resolve({ exitCode, signal, stdout, stderr, elapsedMs: performance.now() - startedMs });
      });
    });
    return { child, ended };
  };
  return {
    folder,
    home,
    start,
    run: (...args) => start(args).ended,
    write(name, content) {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function minuteCandles(barCount: number, seed = 7): Candles {
  return syntheticCandles({
    seed,
    timeframe: parseTimeframe('1m'),
    barCount,
    startTime: Date.UTC(2024, 0, 1),
    startPrice: 40_000,
  });
}

export function csvOf({ time, open, high, low, close, volume, barCount }: Candles): string {
  const lines = ['time,open,high,low,close,volume'];
  for (let i = 0; i < barCount; i++) {
    lines.push([time[i], open[i], high[i], low[i], close[i], volume[i]].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** The parsed single JSON value of stdout. */
export function json<T = Record<string, never>>(result: CliResult): T {
  return JSON.parse(result.stdout) as T;
}
