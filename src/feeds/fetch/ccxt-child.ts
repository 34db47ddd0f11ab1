// The download process: loads ccxt, which is large, fetches the pages it is told to, and ends. Speaks ccxt-protocol.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import type { CcxtFailure, CcxtMessage, CcxtOrder } from './ccxt-protocol.ts';

type Row = readonly (number | null)[];

/** The part of a ccxt exchange that is used. */
interface Exchange {
  readonly has: Readonly<Record<string, boolean | string | undefined>>;
  readonly timeframes?: Readonly<Record<string, unknown>>;
  readonly markets?: Readonly<Record<string, unknown>>;
  loadMarkets(): Promise<unknown>;
  fetchTime(): Promise<number | undefined>;
  fetchOHLCV(symbol: string, timeframe: string, since: number, limit: number): Promise<readonly Row[]>;
}

interface Library {
  readonly version?: string;
  readonly exchanges: readonly string[];
  readonly NetworkError?: abstract new () => Error;
  readonly [exchange: string]: unknown;
}

const ROWS_PER_REQUEST = 1_000;
const REQUEST_MS_MAX = 10_000;

class Failure extends Error {
  readonly reason: CcxtFailure;
  constructor(reason: CcxtFailure, message: string) {
    super(message);
    this.reason = reason;
  }
}

const say = (message: CcxtMessage): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function loadLibrary(specifier: string): Promise<Library> {
  try {
    const loaded = (await import(specifier.startsWith('/') ? pathToFileURL(specifier).href : specifier)) as {
      default: Library;
    };
    return loaded.default;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    throw new Failure(missing ? 'missing' : 'other', textOf(error));
  }
}

function openExchange(library: Library, id: string): Exchange {
  const known = library.exchanges.includes(id) && Object.hasOwn(library, id);
  const make = known ? library[id] : undefined;
  if (typeof make !== 'function')
    throw new Failure('exchange', `${id} is none of ${library.exchanges.length} exchanges`);
  return new (make as new (options: object) => Exchange)({ enableRateLimit: true, timeout: REQUEST_MS_MAX });
}

async function checkMarket(exchange: Exchange, order: CcxtOrder, retry: Retry): Promise<void> {
  if (exchange.has['fetchOHLCV'] !== true) throw new Failure('exchange', `${order.exchange} gives no candles`);
  if (exchange.timeframes !== undefined && !Object.hasOwn(exchange.timeframes, order.timeframe)) {
    throw new Failure('timeframe', `${order.exchange} has ${Object.keys(exchange.timeframes).join(', ')}`);
  }
  await retry(() => exchange.loadMarkets());
  const markets = exchange.markets ?? {};
  if (!Object.hasOwn(markets, order.symbol)) {
    const base = order.symbol.slice(0, 3).toUpperCase();
    const near = Object.keys(markets).filter((symbol) => symbol.startsWith(base));
    throw new Failure(
      'symbol',
      near.length > 0 ? `similar ones are ${near.slice(0, 5).join(', ')}` : 'it lists no such symbol',
    );
  }
}

type Retry = <T>(work: () => Promise<T>) => Promise<T>;

/** Tries again on network trouble only: any other error would come again. */
const retrying =
  (library: Library, { attempts, retryMs }: CcxtOrder): Retry =>
  async (work) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const network = library.NetworkError !== undefined && error instanceof library.NetworkError;
        if (!network || attempt >= attempts) throw new Failure(network ? 'network' : 'other', textOf(error));
        await sleep(retryMs * 2 ** (attempt - 1));
      }
    }
  };

/** All candles of one page. Exchanges give fewer rows than asked for, so it asks until the page is full or no more come. */
async function readPage(
  exchange: Exchange,
  order: CcxtOrder,
  start: number,
  end: number,
  retry: Retry,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let since = start; since < end; ) {
    const from = since;
    const got = await retry(() => exchange.fetchOHLCV(order.symbol, order.timeframe, from, ROWS_PER_REQUEST));
    const fresh = got.filter(([time]) => typeof time === 'number' && time >= from && time < end);
    if (fresh.length === 0) break;
    rows.push(...fresh);
    since = (fresh.at(-1)![0] as number) + order.timeframeMs;
    if (since <= from) break;
  }
  return rows;
}

async function run(order: CcxtOrder): Promise<void> {
  const library = await loadLibrary(order.module);
  say({ type: 'started', version: String(library.version) });
  const retry = retrying(library, order);
  const exchange = openExchange(library, order.exchange);
  await checkMarket(exchange, order, retry);
  const tells = exchange.has['fetchTime'] === true;
  say({ type: 'clock', exchangeMs: tells ? ((await retry(() => exchange.fetchTime())) ?? null) : null });
  for (const [start, end] of order.pages) {
    say({ type: 'page', start, rows: await readPage(exchange, order, start, end, retry) });
  }
  say({ type: 'done' });
}

// Standard output belongs to the protocol; what a library prints goes to standard error.
console.log = console.error;

createInterface({ input: process.stdin }).once('line', (line) => {
  run(JSON.parse(line) as CcxtOrder)
    .catch((error) => {
      const reason = error instanceof Failure ? error.reason : 'other';
      say({ type: 'failed', reason, message: textOf(error).slice(0, 500) });
    })
    // Open sockets of the library would keep the process alive.
    .finally(() => process.stdout.write('', () => process.exit(0)));
});
