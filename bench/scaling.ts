// The curves, tables and prices of docs/scaling.md, from measured rates and a simulation; and a forecast held against a real run.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assumptionsOf, runModel, type Workload } from '../src/cluster/assumptions.ts';
import { type Forecast, forecast } from '../src/cluster/forecast.ts';
import { costOf, type Platform, readPrices } from '../src/cluster/prices.ts';
import { simulateRun } from '../src/cluster/simulate-run.ts';
import { syntheticCandles } from '../src/market/synthetic.ts';
import { parseTimeframe } from '../src/market/timeframe.ts';
import { drawCurves } from './scaling-chart.ts';

/** Of one core, in ns per bar and variant; docs/benchmarks.md has the machine. */
const RATES = [
  { name: 'conditions shared by many variants', source: '`p6`: 0.11 ns × 2 workers', ns: 0.22 },
  { name: 'two averages, all metrics, one thread', source: '`p8`, 1 worker', ns: 0.49 },
  { name: 'the same under 300 MB', source: '`p2`: 0.75 ns × 2 workers', ns: 1.5 },
  { name: 'bar-by-bar engine (functions, profiles the fast one lacks)', source: '`p1`: 16.4 ns', ns: 16.4 },
] as const;
const FAST_NS = 0.49;
const BAR_BY_BAR_NS = 16.4;

const NODES = [1, 10, 100, 1_000, 10_000];
const PRICED: readonly Platform[] = ['vps', 'server48', 'fargate-spot', 'ec2-spot'];
const SPOT = { platform: 'fargate-spot', vcpu: 1, memoryGib: 2 } as const;
/** A year of one-minute candles. */
const YEAR = { fetchBytes: 525_600 * 48, fetchRequests: 13, mergeWorkSeconds: 0 };
/** 50 markets over five years, every shard reading all of them: as much as a container of 8 GiB holds. */
const MARKETS = { fetchBytes: 250 * YEAR.fetchBytes, fetchRequests: 50 * 61, memoryGib: 8 };
/** Shards of two minutes, as `shard plan` cuts them, as far as one run has as many. */
const SHARD_SECONDS = 120;
const SHARDS_MAX = 10_000;

const workload = (coreSeconds: number, shards: number): Workload => ({
  ...YEAR,
  shardSeconds: new Array<number>(shards).fill(coreSeconds / shards),
});

const cutLikePlan = (coreSeconds: number): number =>
  Math.max(1, Math.min(SHARDS_MAX, Math.ceil(coreSeconds / SHARD_SECONDS)));

interface Study {
  readonly name: string;
  readonly coreSeconds: number;
  readonly rows: readonly Forecast[];
}

function study(name: string, coreSeconds: number, fetch: Pick<Workload, 'fetchBytes' | 'fetchRequests'> & { readonly memoryGib?: number } = YEAR): Study {
  const work = { ...workload(coreSeconds, cutLikePlan(coreSeconds)), ...fetch };
  const model = runModel(work, assumptionsOf(SPOT.platform));
  return { name, coreSeconds, rows: NODES.map((nodes) => forecast(model, nodes, { ...SPOT, memoryGib: fetch.memoryGib ?? SPOT.memoryGib })) };
}

/** Writes the chart beside docs/scaling.md, and its tables into it. The same on every machine. */
export function writeScaling(docs: string): void {
  const studies = [
    study('10^12, fast engine', (1e12 * FAST_NS) / 1e9),
    study('10^12, bar by bar', (1e12 * BAR_BY_BAR_NS) / 1e9),
    study('10^14, fast engine', (1e14 * FAST_NS) / 1e9),
    study('10^14, bar by bar', (1e14 * BAR_BY_BAR_NS) / 1e9),
    study('10^14, bar by bar, 50 markets × 5 years', (1e14 * BAR_BY_BAR_NS) / 1e9, MARKETS),
  ];
  const curves = studies.map(({ name, rows }) => ({
    name,
    points: rows.map(({ nodes, speedUp }) => ({ x: nodes, y: speedUp })),
  }));
  writeFileSync(join(docs, 'scaling.svg'), drawCurves(curves));
  const text = [...studies.flatMap(studyLines), '### Price of 10^12 bar-variants', '', ...priceLines()].join('\n');
  const page = join(docs, 'scaling.md');
  const [before, , after] = readFileSync(page, 'utf8').split(
    /<!-- (?:begin|end) of what bench\/scaling\.mjs writes -->/,
  );
  const [begin, end] = ['begin', 'end'].map((word) => `<!-- ${word} of what bench/scaling.mjs writes -->`);
  writeFileSync(page, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}

const count = (number: number): string => number.toLocaleString('en', { maximumFractionDigits: 0 });
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7_200) return `${(seconds / 60).toFixed(1)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} d`;
}

const studyLines = ({ name, coreSeconds, rows }: Study): string[] => [
  `### ${name}`,
  '',
  `${duration(coreSeconds)} of one core in ${count(rows[0]!.tasks)} shards.`,
  '',
  '| containers | time | 19 of 20 within | speed-up | efficiency | USD | bound by |',
  '|--:|--:|--:|--:|--:|--:|---|',
  ...rows.map(
    (row) =>
      `| ${count(row.nodes)} | ${duration(row.seconds)} | ${duration(row.seconds95)} | ${row.speedUp < 10 ? row.speedUp.toFixed(2) : count(row.speedUp)} | ${percent(row.efficiency)} | ${row.cost.toFixed(row.cost < 0.1 ? 4 : 2)} | ${row.boundBy}${row.boundBy === 'work' ? '' : `, ${percent(row.boundShare)}`} |`,
  ),
  '',
];

function priceLines(): string[] {
  const prices = readPrices();
  const cell = (ns: number, platform: Platform): string => {
    const seconds = (1e12 * ns) / 1e9;
    const memoryGib = platform === 'fargate-spot' ? 2 : 0;
    const cost = costOf({ platform, vcpu: 1, memoryGib, seconds }, prices);
    return `${cost < 0.1 ? cost.toFixed(4) : cost.toFixed(2)}`;
  };
  return [
    `USD, prices of ${prices.date}: a core that is busy for as long as the work takes, without starts, requests and idle rent.`,
    '',
    `| work | measured | core-hours | ${PRICED.join(' | ')} |`,
    `|---|---|--:|${PRICED.map(() => '--:|').join('')}`,
    ...RATES.map(
      ({ name, source, ns }) =>
        `| ${name} | ${source} | ${(ns / 3.6).toFixed(2)} | ${PRICED.map((platform) => cell(ns, platform)).join(' | ')} |`,
    ),
  ];
}

const BARS = 100_000;
const SHARDS = 8;
/** Processes that score at once. */
const SLOTS = [1, 2];

/** Cuts a sweep, has 1 and 2 processes at a time score its shards, and holds the forecast from their own times against the wall. */
export async function measureRun(bin: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gridmill-scaling-'));
  try {
    writeFileSync(join(folder, 'candles.csv'), csv());
    for (const slots of SLOTS) await measureSlots(bin, folder, slots);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureSlots(bin: string, folder: string, slots: number): Promise<void> {
  const home = join(folder, `home-${slots}`);
  const gridmill = (...args: readonly string[]): Promise<string> => runProcess(bin, args, folder, home);
  const sweep = ['sma-cross', '--data', 'candles.csv', '--set', 'fast=5..204', '--set', 'slow=205..504'];
  const place = `file://${folder}/place-${slots}`;
  const plan = ['shard', 'plan', ...sweep, '--shards', String(SHARDS), '--place', place, '--workers', '1', '--json'];
  const { manifest } = JSON.parse(await gridmill(...plan)) as { manifest: string };
  const one = (index: number): Promise<string> =>
    gridmill('shard', 'run', '--manifest', manifest, '--index', String(index), '--workers', '1');
  const waiting = Array.from({ length: SHARDS }, (_, index) => index);
  const began = performance.now();
  await Promise.all(
    Array.from({ length: slots }, async () => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) await one(index);
    }),
  );
  const actual = (performance.now() - began) / 1000;
  // A shard that is there already: start, fetch from the cache and nothing else, but for reading candles.
  const again = performance.now();
  await one(0);
  const setup = (performance.now() - again) / 1000;
  const shards = manifest.slice('file://'.length).replace('manifest.json', 'shards');
  const seconds = Array.from({ length: SHARDS }, (_, index) => {
    const name = join(shards, `${String(index).padStart(6, '0')}.json`);
    return JSON.parse(readFileSync(name, 'utf8')).result.cost.elapsedMs / 1000;
  });
  const said = `queue=0,start=0,launches=1e6,setup=${setup},node=1e6,place=1e6,slowness=0,merge=0,pershard=0`;
  const model = runModel({ ...YEAR, shardSeconds: seconds }, assumptionsOf('vps', said));
  const predicted = simulateRun(model, slots, 1).seconds;
  const ratio = (predicted / actual).toFixed(2);
  process.stdout.write(
    `${slots} at once: predicted ${predicted.toFixed(1)} s, took ${actual.toFixed(1)} s, ratio ${ratio} (${SHARDS} shards of ${(seconds.reduce((sum, each) => sum + each) / SHARDS).toFixed(2)} s, setup ${setup.toFixed(2)} s)\n`,
  );
}

function csv(): string {
  const candles = syntheticCandles({
    seed: 7,
    timeframe: parseTimeframe('1m'),
    barCount: BARS,
    startTime: Date.UTC(2024, 0, 1),
    startPrice: 40_000,
  });
  const { time, open, high, low, close, volume } = candles;
  const lines = ['time,open,high,low,close,volume'];
  for (let i = 0; i < BARS; i++) lines.push([time[i], open[i], high[i], low[i], close[i], volume[i]].join(','));
  return `${lines.join('\n')}\n`;
}

const runProcess = (bin: string, args: readonly string[], cwd: string, home: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, GRIDMILL_HOME: home };
    const child = spawn(process.execPath, [bin, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`exit code ${code}`))));
  });
