// Requests that compute for minutes, one for each phase of a computation, and what is left of one when its client has gone.
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { BOLLINGER } from './cli-harness.ts';

/** Strategies that the service is to find in its folder. */
export const STRATEGY_FILES: Readonly<Record<string, string>> = {
  'bars.ts': `import { close, defineBarStrategy, range, sma } from 'gridmill';
export default defineBarStrategy({
  name: 'bars',
  description: 'Buys above an average, bar by bar.',
  parameters: { length: range(5, 400, 1) },
  init: ({ parameters: p, column, position }) => ({ mean: column(sma(close, p.length)), position: position() }),
  onBar: (context, { mean, position }) => {
    if (position.side === 0 && context.close > mean.at()) context.buy({ limit: context.close, expireAfter: 2 });
    else if (position.side !== 0 && context.close < mean.at()) context.exit();
  },
});
`,
  'slow.ts': `import { choice, defineBarStrategy } from 'gridmill';
export default defineBarStrategy({
  name: 'slow',
  description: 'Takes its time at every bar.',
  parameters: { length: choice(1) },
  init: () => ({ sum: { of: 0 } }),
  onBar: (context, { sum }) => { for (let i = 0; i < 200_000; i++) sum.of += Math.sqrt(context.close + i); },
});
`,
  'endless.ts': `import { choice, defineBarStrategy } from 'gridmill';
export default defineBarStrategy({
  name: 'endless',
  description: 'Never comes back from its first bar.',
  parameters: { length: choice(1, 2, 3) },
  init: () => ({}),
  onBar: () => { for (;;); },
});
`,
  'unloadable.ts': `for (;;);
export default {};
`,
  'bollinger.yml': BOLLINGER,
};

export interface HeavyRequest {
  /** What the computation is at for most of its time. */
  readonly phase: string;
  readonly path: string;
  readonly body: object;
}

/** `data` names stored 1-minute candles, at least 100,000 of them. */
export const heavyRequests = (data: string): readonly HeavyRequest[] => {
  const path = '/api/backtests';
  const of = (phase: string, body: object, at = path): HeavyRequest => ({ phase, path: at, body: { data, ...body } });
  const wide = { fast: '2..900:1', slow: '10..3000:1' };
  return [
    of('stage A', { strategy: 'sma-cross', parameters: wide }),
    of('stage A in one thread', { strategy: 'sma-cross', parameters: wide, maxThreads: 1 }),
    of('stage B', {
      strategy: 'sma-cross',
      parameters: { fast: '2..20:1', slow: '30..60:1' },
      risk: { stopLoss: '0.001..0.1:0.001', takeProfit: '0.001..0.1:0.001' },
      preselect: 0,
    }),
    of('planning', { strategy: 'sma-cross', parameters: { fast: '2..9000:1', slow: '2..10000:1' } }),
    of(
      'the estimate',
      { strategy: 'sma-cross', parameters: { fast: '2..9000:1', slow: '2..10000:1' } },
      `${path}/estimate`,
    ),
    of('bar by bar', { strategy: 'bars.ts' }),
    of('a controller', { strategy: 'bollinger.yml', parameters: { bb_length: '20..900:1' } }),
    of('a single run', { kind: 'run', strategy: 'slow.ts', equity: true }),
    of('an endless single run', { kind: 'run', strategy: 'endless.ts', parameters: { length: 1 } }),
    of('an endless sweep', { strategy: 'endless.ts' }),
    of('an endless strategy file', { strategy: 'unloadable.ts' }),
  ];
};

/** Threads of a process, as the kernel counts them. */
export const threadsOf = (pid: number): number => readdirSync(`/proc/${pid}/task`).length;

/** Milliseconds of CPU that a process has used. */
export function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface Left {
  /** Whether threads were computing when the client left. */
  readonly wasComputing: boolean;
  /** From the end of the connection until every thread of the computation was gone. */
  readonly ms: number;
}

/**
 * Sends the request `copies` times over one connection, cuts that after `afterMs`, and waits until the service `pid` has no
 * more threads than `idleThreads`; gives up after 20 s.
 */
export async function leave(
  { pid, port, idleThreads }: { readonly pid: number; readonly port: number; readonly idleThreads: number },
  { path, body }: HeavyRequest,
  afterMs: number,
  copies = 1,
): Promise<Left> {
  const text = JSON.stringify(body);
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`;
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.resume();
  socket.write((head + text).repeat(copies));
  await pause(afterMs);
  const wasComputing = threadsOf(pid) > idleThreads;
  socket.destroy();
  const fromMs = performance.now();
  let goneMs = fromMs;
  // A request that had only just arrived may still start a thread.
  for (let quiet = 0; quiet < 8; ) {
    await pause(5);
    const nowMs = performance.now();
    if (threadsOf(pid) <= idleThreads) quiet++;
    else {
      quiet = 0;
      goneMs = nowMs;
    }
    if (nowMs - fromMs > 20_000) break;
  }
  return { wasComputing, ms: goneMs - fromMs };
}

/** The value below which a share of `values` lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** The other way round: whether threads still compute `forMs` after the request was sent by a client that stays, which then leaves. */
export async function stays(
  at: { readonly pid: number; readonly port: number; readonly idleThreads: number },
  request: HeavyRequest,
  forMs: number,
): Promise<boolean> {
  const { wasComputing } = await leave(at, request, forMs);
  return wasComputing;
}
