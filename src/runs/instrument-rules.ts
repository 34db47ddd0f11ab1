// The exchange's rules for a controller's pair: from a file that is named, or from the store by the name of its connector.
import { basename, resolve } from 'node:path';
import { readControllerConfig } from '../controllers/controller-config.ts';
import type { GivenFields } from '../controllers/grid-fields.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { readInstrumentFile } from '../feeds/instrument-list.ts';
import { findInstrument, type Instrument, type SourcedInstrument } from '../market/instrument.ts';
import { instrumentsHash, openInstrumentStore, type StoredInstruments } from '../store/instrument-store.ts';
import type { CandleContext } from './candle-source.ts';

/** Rules that were looked up already; `instrument` is left out where nothing was known. */
export interface GivenRules {
  readonly instrument?: SourcedInstrument | undefined;
}

/** What a connector's name ends with besides the exchange. */
const CONNECTOR_SUFFIX = /_(perpetual|testnet|perpetual_testnet|paper_trade|us|delivery)$/;

/** Lists that serve a connector, the most exact name first: binance_perpetual, then binance. */
export function exchangesOf(connector: string): string[] {
  const exchange = connector.replace(CONNECTOR_SUFFIX, '');
  return exchange === connector ? [connector] : [connector, exchange];
}

/**
 * Rules for the grids of a configuration; undefined where nothing is known, and for controllers that no rule shapes.
 * Errors: REQUEST_INVALID for a file without the pair or without use, INSTRUMENTS_INVALID, INSTRUMENTS_CORRUPT.
 */
export async function findInstrumentRules(
  given: GivenFields,
  file: string | undefined,
  { folder, storeRoot }: Pick<CandleContext, 'folder' | 'storeRoot'>,
): Promise<SourcedInstrument | undefined> {
  const config = readControllerConfig(given);
  if (config.controller_name !== 'grid_strike') {
    if (file !== undefined) throw hasNoUse(config.controller_name);
    return undefined;
  }
  const { trading_pair: pair, connector_name: connector } = config;
  const exchanges = exchangesOf(connector);
  if (file !== undefined) {
    const { instruments } = await readInstrumentFile(resolve(folder, file), exchanges.at(-1)!);
    const found = sourced(instruments, pair, instrumentsHash(instruments));
    if (found === undefined) throw hasNoPair(file, pair, instruments);
    return found;
  }
  const store = openInstrumentStore(storeRoot);
  for (const exchange of exchanges) {
    const stored = store.read(exchange);
    const found = stored && sourced(stored.instruments, pair, stored.hash);
    if (found !== undefined) return found;
  }
  return undefined;
}

function sourced(instruments: readonly Instrument[], pair: string, listHash: string): SourcedInstrument | undefined {
  const found = findInstrument(instruments, pair);
  return found && { ...found, listHash };
}

const hasNoUse = (controller: string): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: '--instruments shapes the grids of grid_strike; other executors round nothing in back-tests.',
    found: `--instruments with ${controller}.`,
    todo: 'Leave it out.',
  });

function hasNoPair(file: string, pair: string, instruments: readonly Instrument[]): AppError {
  const symbols = instruments.map(({ symbol }) => symbol);
  return new AppError('REQUEST_INVALID', {
    rule: "--instruments must hold the controller's trading_pair.",
    found: `${file} without ${pair}.${didYouMean(pair.replace('-', ''), symbols)}`,
    todo: 'Add it, or correct trading_pair.',
  });
}

/** Reads a list and stores it under its exchange. Errors: as readInstrumentFile and the store's. */
export async function importInstruments(
  file: string,
  exchange: string,
  context: Pick<CandleContext, 'folder' | 'storeRoot'> & { readonly clock: Clock },
): Promise<{ readonly stored: StoredInstruments; readonly notes: readonly string[] }> {
  const path = resolve(context.folder, file);
  const { instruments, notes } = await readInstrumentFile(path, exchange);
  const store = openInstrumentStore(context.storeRoot);
  const storedAt = context.clock.wallMs();
  return { stored: store.write({ exchange, source: basename(path), storedAt, instruments }), notes };
}

/**
 * Stored lists, whole or with one pair of them. Errors: REQUEST_INVALID for an exchange or a pair that is not stored,
 * INSTRUMENTS_CORRUPT.
 */
export function storedInstruments(
  exchange: string | undefined,
  pair: string | undefined,
  storeRoot: string,
): StoredInstruments[] {
  const store = openInstrumentStore(storeRoot);
  const known = store.list();
  if (exchange !== undefined && !known.includes(exchange)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'The exchange must have a stored list of instruments.',
      found: `"${exchange}".${didYouMean(exchange, known)}`,
      todo: known.length === 0 ? 'None is stored yet.' : `Stored are ${known.join(', ')}.`,
    });
  }
  const lists = (exchange === undefined ? known : [exchange]).flatMap((name) => store.read(name) ?? []);
  if (pair === undefined) return lists;
  const found = lists.flatMap((list) => {
    const one = findInstrument(list.instruments, pair);
    return one === undefined ? [] : [{ ...list, instruments: [one] }];
  });
  if (found.length > 0) return found;
  const symbols = lists.flatMap(({ instruments }) => instruments.map(({ symbol }) => symbol));
  throw new AppError('REQUEST_INVALID', {
    rule: '--symbol must be an instrument of a stored list.',
    found: `"${pair}".${didYouMean(pair, symbols)}`,
    todo: 'Leave it out to see all.',
  });
}
