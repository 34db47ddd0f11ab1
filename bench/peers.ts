// Engines of others, run in a Python process each: installed when that is possible, skipped with a reason otherwise.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Candles } from '../src/market/candles.ts';
import type { Scores, Values } from './agreement.ts';
import type { Contestant } from './measure.ts';

/** What a peer is asked to score: crossings of two averages, long only, all cash, under every pair of stops. */
export interface PeerJob {
  readonly candles: Candles;
  readonly average: 'sma' | 'ema';
  readonly pairs: readonly (readonly [fast: number, slow: number])[];
  /** Enter only while the RSI is below. */
  readonly rsi?: { readonly length: number; readonly below: number };
  readonly stops?: readonly (readonly [stopLoss: number, takeProfit: number])[];
  readonly fee: number;
  readonly slippage: number;
  /** Beyond total return and trades. */
  readonly metrics: boolean;
}

export const BASIC_METRICS = ['totalReturn', 'trades'] as const;
export const RICH_METRICS = ['sharpe', 'sortino', 'omega', 'maxDrawdown', 'winRate', 'profitFactor'] as const;

/** The key of a variant that Gridmill, the C program and the peers share. */
export function pairKey(fast: number, slow: number, stopLoss?: number, takeProfit?: number): string {
  return stopLoss === undefined ? `${fast}/${slow}` : `${fast}/${slow} stop ${stopLoss} target ${takeProfit}`;
}

type Answer = {
  readonly version?: string;
  readonly seconds?: number;
  readonly width?: number;
  readonly error?: string;
};

/** Variants a vectorbt call handles at once. */
const CHUNK = 100;

export class Peer {
  readonly name: string;
  readonly version: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #next: () => Promise<Answer>;
  readonly #folder: string;

  constructor(
    name: string,
    version: string,
    child: ChildProcessWithoutNullStreams,
    next: () => Promise<Answer>,
    folder: string,
  ) {
    this.name = name;
    this.version = version;
    this.#child = child;
    this.#next = next;
    this.#folder = folder;
  }

  /** Scores once. The time is that of the engine itself, without the way to its process. Throws what it says went wrong. */
  async score(job: PeerJob): Promise<{ readonly ms: number; readonly scores: Scores }> {
    const rows = join(this.#folder, `${this.name}.rows`);
    const { candles, ...rest } = job;
    const path = candlesFile(this.#folder, candles);
    this.#child.stdin.write(
      `${JSON.stringify({ ...rest, candles: path, bars: candles.barCount, rows, chunk: CHUNK })}\n`,
    );
    const answer = await this.#next();
    if (answer.seconds === undefined) throw new Error(answer.error ?? 'no answer');
    return { ms: answer.seconds * 1000, scores: readRows(rows, job) };
  }

  contestant(job: PeerJob, units: number): Contestant {
    return { name: this.version, units, runOnce: async () => (await this.score(job)).ms };
  }

  close(): void {
    this.#child.stdin.end();
  }
}

function readRows(path: string, job: PeerJob): Scores {
  const bytes = readFileSync(path);
  const values = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  const names = job.metrics ? [...BASIC_METRICS, ...RICH_METRICS] : BASIC_METRICS;
  const scores = new Map<string, Values>();
  let at = 0;
  for (const [fast, slow] of job.pairs) {
    for (const [stop, target] of job.stops ?? [[undefined, undefined]]) {
      const entries = names.map((name, i) => [name, Number.isFinite(values[at + i]) ? values[at + i] : null] as const);
      scores.set(pairKey(fast, slow, stop, target), Object.fromEntries(entries));
      at += names.length;
    }
  }
  return scores;
}

const files = new WeakMap<Candles, string>();

/** The candles as six columns of native doubles, written once. */
export function candlesFile(folder: string, candles: Candles): string {
  const known = files.get(candles);
  if (known !== undefined) return known;
  const path = join(folder, `candles-${candles.barCount}.f64`);
  const { time, open, high, low, close, volume } = candles;
  const columns = [time, open, high, low, close, volume];
  writeFileSync(path, Buffer.concat(columns.map((c) => Buffer.from(c.buffer, c.byteOffset, c.byteLength))));
  files.set(candles, path);
  return path;
}

export interface Peers {
  readonly engines: readonly Peer[];
  /** One sentence per engine that is not here. */
  readonly skipped: readonly string[];
  close(): void;
}

export const NO_PEERS = (reason: string): Peers => ({ engines: [], skipped: [reason], close: () => undefined });

const INSTALL_MS = 300_000;

interface PeerPackage {
  readonly requirement: string;
  readonly engines: readonly string[];
}

const PACKAGES: readonly PeerPackage[] = [
  { requirement: 'vectorbt', engines: ['vectorbt-numba'] },
  { requirement: 'vectorbt[rust]', engines: ['vectorbt-rust'] },
  { requirement: 'raptorbt', engines: ['raptorbt'] },
  { requirement: 'manifoldbt', engines: [] },
];

/** Installs what can be installed into `<root>/.cache/bench-venv` and starts a process per engine. */
export async function startPeers(root: string, folder: string, say: (line: string) => void): Promise<Peers> {
  const venv = join(root, '.cache/bench-venv');
  const python = join(venv, 'bin/python');
  if (!existsSync(python)) {
    say('Python peers: making .cache/bench-venv');
    if (spawnSync('python3', ['-m', 'venv', venv], { timeout: INSTALL_MS }).status !== 0) {
      return NO_PEERS('Python peers: python3 cannot make a virtual environment here.');
    }
  }
  const engines: Peer[] = [];
  const skipped: string[] = [];
  for (const { requirement, engines: names } of PACKAGES) {
    const problem = install(python, venv, requirement, say);
    if (problem !== undefined) skipped.push(`${requirement}: ${problem}`);
    else if (names.length === 0) skipped.push(`${requirement}: installed, but this harness has no adapter for it.`);
    else {
      for (const name of names) {
        const peer = await startPeer(root, python, name, folder);
        if (typeof peer === 'string') skipped.push(`${name}: ${peer}`);
        else engines.push(peer);
      }
    }
  }
  return {
    engines,
    skipped,
    close() {
      for (const peer of engines) peer.close();
    },
  };
}

/** What kept a requirement from being installed, remembered so that later runs need no network; undefined when it is there. */
function install(python: string, venv: string, requirement: string, say: (line: string) => void): string | undefined {
  const marker = join(venv, `bench-${requirement.replace(/\W+/g, '-')}.txt`);
  if (existsSync(marker)) return readFileSync(marker, 'utf8') || undefined;
  say(`Python peers: pip install ${requirement}`);
  const { status, stderr } = spawnSync(
    python,
    ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', requirement],
    { encoding: 'utf8', timeout: INSTALL_MS },
  );
  const lastLine = (stderr ?? '').trim().split('\n').at(-1) || 'pip failed';
  const problem = status === 0 ? '' : `pip cannot install it here (${lastLine.replace(/^ERROR: /, '')}).`;
  mkdirSync(dirname(marker), { recursive: true });
  writeFileSync(marker, problem);
  return problem || undefined;
}

const PEERS_FILE = 'bench/python/peers.py';

async function startPeer(root: string, python: string, name: string, folder: string): Promise<Peer | string> {
  const child = spawn(python, [join(root, PEERS_FILE), name], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk).slice(-2000);
  });
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Answer> => {
    const { value, done } = await lines.next();
    return done === true ? { error: complaint.trim().split('\n').at(-1) ?? 'it ended' } : (JSON.parse(value) as Answer);
  };
  const hello = await next();
  return hello.version === undefined
    ? (hello.error ?? 'it did not start')
    : new Peer(name, hello.version, child, next, folder);
}
