// The real host: environment, clock, streams, signals. Reads the environment.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Host, TextOutput } from '../cli/host.ts';
import { threadsFor } from '../core/machine-limits.ts';
import { ownLimits, readText } from './own-limits.ts';

const packageFile = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export function createHost(): Host {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };
  const home = process.env['GRIDMILL_HOME'];
  const { memoryBytes, processors } = ownLimits();
  return {
    version,
    calledAs: calledAs(process.env['GRIDMILL_CALLED_AS']),
    folder: process.cwd(),
    storeRoot: home === undefined || home === '' ? join(homedir(), '.gridmill') : resolve(home),
    environment: Object.fromEntries(Object.entries(process.env).filter(([name]) => isSetting(name))),
    clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
    newId: randomUUID,
    stdout: textOutput(process.stdout),
    stderr: textOutput(process.stderr),
    program: [process.execPath, packageFile('bin/gridmill.mjs')],
    cores: threadsFor(processors),
    peakBytes,
    machineBytes: () => memoryBytes,
    isInit: process.pid === 1,
    heapBytes: getHeapStatistics().heap_size_limit,
    usage,
    residentBytes,
    boundHeap,
    settleHeap,
    entryTypes: packageFile('dist/index.d.ts'),
    entry: importEntry,
    onInterrupt,
  };
}

/** Of schedulers: which part of an array of jobs this process is. */
const ARRAY_NAMES: readonly string[] = ['AWS_BATCH_JOB_ARRAY_INDEX', 'SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX'];

const isSetting = (name: string): boolean =>
  name.startsWith('GRIDMILL_') || name === 'USE_SQLITE' || name === 'DATABASE_URL' || ARRAY_NAMES.includes(name);

/** The wrapper of a checkout says how it was called; quoted where a shell needs it. */
function calledAs(name: string | undefined): string {
  if (name === undefined || name === '') return 'gridmill';
  return /^[\w@%+=:,./-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
}

async function importEntry(): Promise<Readonly<Record<string, unknown>>> {
  // From here on stacks name the lines of the user's strategy, not of its compiled form.
  process.setSourceMapsEnabled(true);
  return import('../index.ts');
}

function textOutput(stream: NodeJS.WriteStream): TextOutput {
  let open = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader went away (as `| head` does): the work goes on, its output has no taker.
    if (error.code === 'EPIPE') open = false;
    else throw error;
  });
  const isTty = stream.isTTY === true;
  const { NO_COLOR: noColor, FORCE_COLOR: forceColor, TERM: term, COLUMNS: columns } = process.env;
  const forced = forceColor !== undefined && forceColor !== '' && forceColor !== '0';
  return {
    write(text) {
      if (open) stream.write(text);
    },
    isTty,
    color: forced || (isTty && (noColor === undefined || noColor === '') && term !== 'dumb' && forceColor !== '0'),
    get columns() {
      return stream.columns || Number(columns) || 100;
    },
  };
}

/** Room for new objects, of which V8 keeps two halves: more of it makes no sweep faster. */
const YOUNG_BYTES = 2 * 4 * 2 ** 20;

/**
 * V8 lets a heap grow to several times of what is alive in it, and gives new objects up to 32 MB. From here on those have
 * at most 8 MB, or what they have already taken, and the rest is collected once it has grown by half. Room for new
 * objects grows by a factor at a time; whoever starts a thread sets that factor back.
 */
function boundHeap(): void {
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  setFlagsFromString(`--semi-space-growth-factor=${(young?.space_size ?? 0) < YOUNG_BYTES ? 2 : 1}`);
  setFlagsFromString('--heap-growing-percent=50');
}

/** Collects what reading candles has left behind, which V8 would carry along through the whole sweep. */
function settleHeap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
  return process.memoryUsage.rss();
}

function usage(): { readonly cpuMs: number; readonly residentBytes: number } {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1_000, residentBytes: process.memoryUsage.rss() };
}

/** Read from the kernel where it tells it, and by the means of the system elsewhere. */
const residentBytes = (): number => kernelBytes('VmRSS') ?? process.memoryUsage.rss();

/** The other count, in KiB, begins with what the process had resident that started this one. */
const peakBytes = (): number => kernelBytes('VmHWM') ?? process.resourceUsage().maxRSS * 1024;

function kernelBytes(name: 'VmRSS' | 'VmHWM'): number | undefined {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readText('/proc/self/status') ?? '')?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function onInterrupt(handler: () => void): () => void {
  const undo = (): void => {
    for (const signal of SIGNALS) process.off(signal, first);
  };
  // With the listeners gone, a second signal does what signals do by default: it ends the process.
  const first = (): void => {
    undo();
    handler();
  };
  for (const signal of SIGNALS) process.on(signal, first);
  return undo;
}
