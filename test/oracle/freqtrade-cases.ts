// The tables of freqtrade's own candle-by-candle tests, as recorded, for the tests that replay them.
import { readFileSync } from 'node:fs';
import type { ExitReason } from '../../src/metrics/trade.ts';

export interface Case {
  readonly name: string;
  /** Open, high, low, close. */
  readonly candles: readonly (readonly [number, number, number, number])[];
  readonly signals: readonly number[];
  readonly params: {
    readonly stop_loss: number;
    readonly roi: Readonly<Record<string, number>>;
    readonly use_exit_signal?: boolean;
    readonly trailing_stop?: boolean;
    readonly trailing_stop_positive?: number;
    readonly trailing_stop_positive_offset?: number;
    readonly trailing_only_offset_is_reached?: boolean;
    readonly use_custom_stoploss?: boolean;
    readonly leverage?: number;
    readonly custom_entry_price?: number;
    readonly custom_exit_price?: number;
  };
  /** Sum of the profits over the stakes, rounded to 3 decimals. */
  readonly profit: number;
  readonly trades: readonly {
    readonly reason: string;
    readonly open: number;
    readonly close: number;
    readonly short: boolean;
    readonly exitPrice?: number;
  }[];
}

const file = new URL('./cases/freqtrade.json', import.meta.url);
export const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly Case[] };

/**
 * An entry or exit price that the strategy sets by itself is a resting limit order that may fill later, partly or
 * never. Signals carry no prices, so these tables are about something the profile does not have.
 */
const needsOwnPrice = ({ params }: Case): boolean =>
  params.custom_entry_price !== undefined || params.custom_exit_price !== undefined;

export const covered = cases.filter((one) => !needsOwnPrice(one));

/** What freqtrade calls an exit. */
export const REASONS: Readonly<Partial<Record<ExitReason, string>>> = {
  signal: 'EXIT_SIGNAL',
  'stop-loss': 'STOP_LOSS',
  'take-profit': 'ROI',
  'time-limit': 'ROI',
  'trailing-stop': 'TRAILING_STOP_LOSS',
  end: 'FORCE_EXIT',
};
