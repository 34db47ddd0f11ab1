// Why a controller traded nothing, where its numbers and the candles tell.

import type { Candles } from '../market/candles.ts';
import { timeframeMs } from '../market/timeframe.ts';
import { formatCount, formatDuration } from '../report/format.ts';

/** Numbers of a configuration that count candles of its interval before there is a value. */
const LENGTHS = ['bb_length', 'macd_slow', 'length', 'natr_length'] as const;
const MINUTE_MS = 60_000;

/** One sentence, or undefined where the reason is not plain. `candles` are what the run could see. */
export function whyIdle(params: Readonly<Record<string, number>>, candles: Candles): string | undefined {
  return prices(params, candles) ?? warmUp(params, candles) ?? distance(params);
}

function prices(params: Readonly<Record<string, number>>, { low, high }: Candles): string | undefined {
  const { start_price: start, end_price: end } = params;
  if (start === undefined || end === undefined) return undefined;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (let i = 0; i < low.length; i++) {
    if (low[i]! < lowest) lowest = low[i]!;
    if (high[i]! > highest) highest = high[i]!;
  }
  if (lowest <= end && highest >= start) return undefined;
  return `The grid lies from ${start} to ${end}, and prices from ${lowest} to ${highest}: they never met. Move start_price, end_price and limit_price, or give other candles.`;
}

function warmUp(params: Readonly<Record<string, number>>, { barCount, timeframe }: Candles): string | undefined {
  const interval = params['interval_minutes'];
  if (interval === undefined) return undefined;
  const name = [...LENGTHS].sort((a, b) => (params[b] ?? 0) - (params[a] ?? 0))[0]!;
  const needed = (params[name] ?? 0) * interval * MINUTE_MS;
  const given = barCount * timeframeMs(timeframe);
  if (given > needed) return undefined;
  return `${name} ${formatCount(params[name]!)} needs ${formatDuration(needed)} of candles before its first value; there are ${formatDuration(given)}. Give longer candles, or a smaller ${name}.`;
}

function distance(params: Readonly<Record<string, number>>): string | undefined {
  const refresh = params['executor_refresh_time'];
  if (refresh === undefined) return undefined;
  return `No price reached an order within the ${formatCount(refresh)} s (executor_refresh_time) that it waits: try narrower spreads, or a longer wait.`;
}
