// The markets that --data names: files, folders, keys of the store and patterns of both, each loaded once, named shortly.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import { keyText, parseKey } from '../market/candle-key.ts';
import { openCandleStore } from '../store/candle-store.ts';
import type { CandleContext, LoadedCandles } from './candle-source.ts';
import { nameParts } from './market-of-file.ts';

type MarketContext = Pick<CandleContext, 'folder' | 'storeRoot' | 'confined'>;

const CANDLE_FILE = /\.(csv|json|parquet|arrow|feather|ipc|gz|zip)$/i;

/**
 * One text per market. A folder stands for the candle files in it; a pattern with `*` for the files or the stored keys
 * it fits, where `*` stops at a slash; commas separate, except in the name of a file that exists.
 * Errors: CANDLES_NOT_FOUND for an empty folder or pattern, REQUEST_INVALID for what is named twice.
 */
export function listMarkets(texts: readonly string[], context: MarketContext): string[] {
  const names = texts.flatMap((text) => expand(text.trim(), context));
  const seen = new Set<string>();
  for (const name of names) {
    const path = resolve(context.folder, name);
    const identity = context.confined !== true && existsSync(path) ? path : name;
    if (seen.has(identity)) {
      throw new AppError('REQUEST_INVALID', {
        rule: '--data names each market once; twice the same would count twice.',
        found: `"${name}" twice.`,
        todo: 'Leave one of them out.',
      });
    }
    seen.add(identity);
  }
  return names;
}

function expand(text: string, context: MarketContext): string[] {
  const path = resolve(context.folder, text);
  const mayBeFile = context.confined !== true;
  if (mayBeFile && text !== '' && existsSync(path))
    return statSync(path).isDirectory() ? candleFiles(path, CANDLE_FILE, text) : [text];
  if (text.includes(',')) return text.split(',').flatMap((part) => expand(part.trim(), context));
  if (text === '') {
    throw new AppError('REQUEST_INVALID', {
      rule: '--data lists files or keys of the store, separated by commas.',
      found: 'an empty name.',
      todo: 'Remove the comma that is too many.',
    });
  }
  if (!text.includes('*')) return [text];
  const folder = dirname(path);
  const files =
    mayBeFile && existsSync(folder) && statSync(folder).isDirectory() ? filesIn(folder, patternOf(basename(path))) : [];
  const found = files.length > 0 ? files : storedKeys(text, context.storeRoot);
  if (found.length > 0) return found;
  throw new AppError('CANDLES_NOT_FOUND', {
    rule: 'A pattern must fit candle files, or keys of the candle store.',
    found: `"${text}", which fits none.`,
    todo: 'See gridmill data list for the keys; in a shell put patterns in quotes.',
  });
}

function candleFiles(folder: string, ending: RegExp, text: string): string[] {
  const files = filesIn(folder, ending);
  if (files.length > 0) return files;
  throw new AppError('CANDLES_NOT_FOUND', {
    rule: 'A folder named with --data must hold candle files: .csv, .json, .parquet, .arrow or .feather, packed or not.',
    found: `none in "${text}".`,
    todo: 'Name another folder, or the files themselves.',
  });
}

const filesIn = (folder: string, fits: RegExp): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && fits.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .sort();

const patternOf = (text: string): RegExp =>
  new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`);

/** Keys of three parts, or of two: then the timeframe is chosen when they are read. */
function storedKeys(text: string, storeRoot: string): string[] {
  const fits = patternOf(text);
  const keys = openCandleStore(storeRoot)
    .list()
    .map(({ key }) => key);
  const whole = keys.map(keyText).filter((key) => fits.test(key));
  if (whole.length > 0) return whole.sort();
  const markets = keys.map(({ exchange, symbol }) => `${exchange}/${symbol}`).filter((market) => fits.test(market));
  return [...new Set(markets)].sort();
}

/** For each market the shortest name that no other has: symbol, exchange and symbol, label, or where it came from. */
export function marketNames(markets: readonly LoadedCandles[]): string[] {
  const levels = markets.map(({ origin, label }) => {
    const source = origin.kind === 'file' ? origin.path : origin.kind === 'store' ? origin.key : label;
    const { exchange, symbol } = origin.kind === 'store' ? parseKey(origin.key) : nameParts(label);
    return [symbol, `${exchange} ${symbol}`, label, source];
  });
  const isUnique = (level: number, name: string): boolean =>
    levels.filter((names) => names[level] === name).length === 1;
  return levels.map((names) => names.find((name, level) => isUnique(level, name)) ?? names.at(-1)!);
}
