// gridmill serve: the HTTP service, until it is told to stop.
import { type Command, Option } from 'commander';
import type { Access } from '../../api/access.ts';
import type { ServiceConfig } from '../../api/config.ts';
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { createAnnouncer } from '../announcer.ts';
import { type CommandContext, examples } from '../command.ts';
import type { Host } from '../host.ts';
import { bytes, duration, wholeNumber } from '../option-values.ts';

interface ServeOptions {
  readonly config?: string;
  readonly port?: number;
  readonly listen?: string;
  readonly hostName?: readonly string[];
  readonly strategies?: string;
  readonly syncDeadline?: number;
  readonly maxThreads?: number;
  readonly maxVariants?: number;
  readonly maxBytes?: number;
  readonly memory?: number;
  readonly waiting?: number;
  readonly jobs?: number;
}

const collect = (text: string, earlier: readonly string[] = []): readonly string[] => [...earlier, text];

export function define(command: Command, { host, action }: CommandContext): void {
  command
    .option('--config <file>', 'settings (default: config/gridmill.yaml where there is one)')
    .option('--port <n>', 'port to listen on (default: 8080)', wholeNumber('--port', 0, 65_535))
    .option('--listen <address>', 'address to listen on (default: 127.0.0.1); others than this machine need a token')
    .addOption(
      new Option('--host-name <name>', 'a further name under which it is reached (repeatable)').argParser(collect),
    )
    .option('--strategies <folder>', 'folder of strategy files that requests may name (default: strategies)')
    .option(
      '--sync-deadline <time>',
      'longest that a request waits for its answer (default: 50s)',
      duration('--sync-deadline'),
    )
    .option(
      '--max-threads <n>',
      'scoring threads of one computation (default: one per core)',
      wholeNumber('--max-threads', 1, LIMITS.workersMax),
    )
    .option(
      '--max-variants <n>',
      'most variants of one job; a request that waits gets half (default: 200,000,000)',
      wholeNumber('--max-variants', 2),
    )
    .option(
      '--max-bytes <bytes>',
      'most memory of one job; a request that waits gets half (default: 4GB)',
      bytes('--max-bytes'),
    )
    .option(
      '--memory <bytes>',
      'most memory of all computations together (default: that of one job)',
      bytes('--memory'),
    )
    .option('--waiting <n>', 'requests that may wait for room (default: 8)', wholeNumber('--waiting', 0, 10_000))
    .option(
      '--jobs <n>',
      'jobs it runs at once (default: 1); 0 leaves them to gridmill worker',
      wholeNumber('--jobs', 0, LIMITS.runnerJobsMax),
    )
    .addHelpText(
      'after',
      examples(
        ['On this machine only', 'gridmill serve'],
        [
          'For a network, with a token',
          'GRIDMILL_TOKEN=$(openssl rand -hex 24) gridmill serve --listen 0.0.0.0 --host-name my-server',
        ],
        [
          'For a team, with a token each',
          'GRIDMILL_TOKENS=ann:$ANN_TOKEN,ben:$BEN_TOKEN gridmill serve --listen 0.0.0.0 --host-name my-server',
        ],
        [
          'Ask it',
          `curl -s localhost:8080/api/backtests -H 'content-type: application/json' -d '{"strategy":"sma-cross","data":"binance/BTCUSDT/1h"}'`,
        ],
      ),
    )
    .action(action((options: ServeOptions) => serve(options, host)));
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

async function serve(options: ServeOptions, host: Host): Promise<undefined> {
  const [{ readTokens }, { withTokenFile }] = await Promise.all([
    import('../service-tokens.ts'),
    import('../token-file.ts'),
  ]);
  const tokens = readTokens(withTokenFile(host));
  const { loadConfig } = await import('../service-config.ts');
  const config = await loadConfig({ path: options.config, flags: flagsOf(options) }, host);
  const listen = config['server.listen'];
  if (!LOOPBACK.has(listen) && Object.keys(tokens).length === 0) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A service that others can reach needs a token.',
      found: `the address ${listen} without one.`,
      todo: 'Set GRIDMILL_TOKEN, GRIDMILL_TOKEN_FILE or GRIDMILL_TOKENS, or listen on 127.0.0.1.',
    });
  }
  if (config['strategies.uploads'] && Object.keys(tokens).length === 0) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A service that takes strategies over HTTP needs a token.',
      found: 'strategies.uploads without one.',
      todo: 'Set GRIDMILL_TOKEN or GRIDMILL_TOKENS, or leave strategies.uploads out.',
    });
  }
  const maxComputeBytesTotal = config['backtest.max_compute_bytes_total'];
  const bytesAll = config['backtest.max_bytes_all'] ?? maxComputeBytesTotal;
  const leave = await enterMachine(bytesAll + config['mirror.bytes'], addressOf(config), host);
  try {
    return await answer(config, tokens, host);
  } finally {
    leave();
  }
}

/** Where those on this machine reach it. A port that the system chooses is not known before it listens. */
function addressOf(config: ServiceConfig): string {
  const { 'server.listen': listen, 'server.port': port } = config;
  const name = ['0.0.0.0', '::'].includes(listen) ? '127.0.0.1' : listen.includes(':') ? `[${listen}]` : listen;
  return port === 0 ? 'URL' : `http://${name}:${port}`;
}

/** Studies and other services of this store count with what this one may take. Errors: BUDGET_BYTES with the sums. */
async function enterMachine(memoryBytes: number, url: string, host: Host): Promise<() => void> {
  const { enterRunning } = await import('../../store/running-registry.ts');
  const machineBytes = host.machineBytes();
  return enterRunning(host.storeRoot, { memoryBytes, workers: host.cores, label: 'gridmill serve', url }, machineBytes);
}

async function answer(config: ServiceConfig, tokens: Access['tokens'], host: Host): Promise<undefined> {
  const { serviceWarmth } = await import('../service-config.ts');
  const { createService } = await import('../../api/server.ts');
  const { keepHeapBound, machineLimits, openDesk, surroundings } = await import('../service-process.ts');
  const log = { write: (line: string) => host.stderr.write(line) };
  const service = await createService({
    surroundings: surroundings(config, host),
    access: {
      tokens,
      hosts: ['localhost', '127.0.0.1', '::1', ...config['server.host_names'].map((name) => name.toLowerCase())],
    },
    machine: machineLimits(config, host, Object.keys(tokens).length),
    openDesk: (machine) => openDesk(config, machine, host),
    warm: serviceWarmth(config, host.cores),
    requestsPerSecond: config['server.requests_per_second'],
    ...(config['server.idle_seconds'] === 0 ? {} : { idleMs: config['server.idle_seconds'] * 1000 }),
    log,
  });
  const silenceSeconds = config['server.silence_seconds'];
  const endBounds = keepHeapBound(host);
  const place = { port: config['server.port'], host: config['server.listen'] };
  let watchdog: { stop(): Promise<void> } | undefined;
  try {
    const { startWatchdog } = await import('../../compute/watchdog.ts');
    if (silenceSeconds > 0) watchdog = startWatchdog(silenceSeconds * 1000);
    const address = await service.listen(place).catch((error: unknown) => {
      throw cannotListen(error, place);
    });
    const say = createAnnouncer(host);
    say(`Gridmill ${host.version} answers at ${address} (${address}/api/openapi.json says how).`);
    say(`  ${decided(config, host, Object.keys(tokens).length)}`);
    if (host.isInit && watchdog !== undefined) say(AS_INIT);
    await new Promise<void>((stop) => host.onInterrupt(stop));
    // From here on a second signal ends the process at once.
    return undefined;
  } finally {
    // What is open would keep a process alive that cannot listen, and nobody would start it again.
    await service.close();
    endBounds();
    await watchdog?.stop();
  }
}

function cannotListen(error: unknown, { port, host }: { readonly port: number; readonly host: string }): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || !/^E[A-Z]+$/.test(code)) return error;
  return new AppError('REQUEST_INVALID', {
    rule: 'A service must be able to listen at its address.',
    found: `${code} at port ${port} of ${host}${code === 'EADDRINUSE' ? ', where another process listens' : ''}.`,
    todo: 'Choose another --port or --listen, or end what listens there.',
    cause: error,
  });
}

/** The system lets no signal of its own end the first process of a container, SIGKILL included. */
const AS_INIT =
  'note: this is process 1, which cannot end itself when it hangs: start it under an init (--init), and watch its health check.';

/** What settings and machine have come to, on one line. */
function decided(config: ServiceConfig, host: Host, tokens: number): string {
  const amount = (count: number): string =>
    count < 2 ** 30 ? `${Math.round(count / 2 ** 20)} MiB` : `${(count / 2 ** 30).toFixed(1)} GiB`;
  const parts = [
    tokens === 0 ? 'open to this machine' : tokens === 1 ? 'asks for a token' : `asks for one of ${tokens} tokens`,
    `${config['backtest.cpu.max_threads'] ?? host.cores} of ${host.cores} threads a computation`,
    `${amount(config['backtest.max_bytes_all'] ?? config['backtest.max_compute_bytes_total'])} for all computations`,
    `${amount(config['mirror.bytes'])} of candles and a heap of ${amount(host.heapBytes)} in ${amount(host.machineBytes())} of memory`,
    `${config['backtest.sync.sync_deadline_seconds']} s to answer`,
    `store ${host.storeRoot}`,
  ];
  return parts.join(', ');
}

const flagsOf = (options: ServeOptions) => ({
  'server.port': options.port,
  'server.listen': options.listen,
  'server.host_names': options.hostName,
  'server.waiting_max': options.waiting,
  'strategies.folder': options.strategies,
  'backtest.sync.sync_deadline_seconds': options.syncDeadline === undefined ? undefined : options.syncDeadline / 1000,
  'backtest.cpu.max_threads': options.maxThreads,
  'backtest.max_variants_per_compute': options.maxVariants,
  'backtest.max_compute_bytes_total': options.maxBytes,
  'backtest.max_bytes_all': options.memory,
  'jobs.concurrency': options.jobs,
});
