// gridmill serve: the HTTP service, until it is told to stop.
import { type Command, Option } from 'commander';
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { type CommandContext, examples } from '../command.ts';
import type { Host } from '../host.ts';
import { bytes, duration, wholeNumber } from '../option-values.ts';

interface ServeOptions {
  readonly port: number;
  readonly listen: string;
  readonly hostName: readonly string[];
  readonly strategies?: string;
  readonly syncDeadline: number;
  readonly maxThreads?: number;
  readonly maxVariants: number;
  readonly maxBytes: number;
  readonly memory?: number;
  readonly waiting: number;
}

const collect = (text: string, earlier: readonly string[]): readonly string[] => [...earlier, text];

export function define(command: Command, { host, action }: CommandContext): void {
  command
    .option('--port <n>', 'port to listen on', wholeNumber('--port', 0, 65_535), 8080)
    .option('--listen <address>', 'address to listen on; others than this machine need a token', '127.0.0.1')
    .addOption(
      new Option('--host-name <name>', 'a further name under which it is reached (repeatable)')
        .argParser(collect)
        .default([], 'localhost'),
    )
    .option('--strategies <folder>', 'folder of strategy files that requests may name')
    .option(
      '--sync-deadline <time>',
      'longest that a request waits for its answer',
      duration('--sync-deadline'),
      50_000,
    )
    .option(
      '--max-threads <n>',
      'scoring threads of one computation (default: one per core)',
      wholeNumber('--max-threads', 1, LIMITS.workersMax),
    )
    .option(
      '--max-variants <n>',
      'most variants of one job; a request that waits gets half of it',
      wholeNumber('--max-variants', 2),
      200_000_000,
    )
    .option(
      '--max-bytes <bytes>',
      'most memory of one job; a request that waits gets half of it',
      bytes('--max-bytes'),
      2 ** 32,
    )
    .option('--memory <bytes>', 'most memory of all computations together (default: --max-bytes)', bytes('--memory'))
    .option('--waiting <n>', 'requests that may wait for room', wholeNumber('--waiting', 0, 10_000), 8)
    .addHelpText(
      'after',
      examples(
        ['On this machine only', 'gridmill serve'],
        [
          'For a network, with a token',
          'GRIDMILL_TOKEN=$(openssl rand -hex 24) gridmill serve --listen 0.0.0.0 --host-name my-server',
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
  const { serviceToken: token } = host;
  if (!LOOPBACK.has(options.listen) && token === undefined) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A service that others can reach needs a token.',
      found: `--listen ${options.listen} without one.`,
      todo: 'Set GRIDMILL_TOKEN, or leave --listen out.',
    });
  }
  const { createService } = await import('../../api/server.ts');
  const { resolve } = await import('node:path');
  const threads = options.maxThreads ?? host.cores;
  const service = await createService({
    surroundings: {
      engineVersion: host.version,
      storeRoot: host.storeRoot,
      strategiesFolder: resolve(host.folder, options.strategies ?? 'strategies'),
      clock: host.clock,
      settings: {
        syncDeadlineSeconds: options.syncDeadline / 1000,
        maxThreads: threads,
        maxVariantsPerCompute: options.maxVariants,
        maxComputeBytesTotal: options.maxBytes,
      },
    },
    access: {
      tokens: token === undefined ? {} : { token },
      hosts: ['localhost', '127.0.0.1', '::1', ...options.hostName.map((name) => name.toLowerCase())],
    },
    machine: {
      threads: host.cores,
      threadsPerUser: host.cores,
      bytes: options.memory ?? options.maxBytes,
      waitingMax: options.waiting,
    },
    log: { write: (line) => host.stderr.write(line) },
  });
  const address = await service.listen({ port: options.port, host: options.listen });
  host.stdout.write(`Gridmill ${host.version} answers at ${address} (${address}/api/openapi.json says how).\n`);
  await new Promise<void>((stop) => host.onInterrupt(stop));
  await service.close();
  return undefined;
}
