// The strategies that come with Gridmill, by name.
import type { Strategy } from '../strategy.ts';
import { bollingerBreakout } from './bollinger.ts';
import { donchianBreakout } from './donchian.ts';
import { emaCross } from './ema-cross.ts';
import { macdCross } from './macd.ts';
import { rsiReversion } from './rsi-reversion.ts';
import { smaBracket } from './sma-bracket.ts';
import { smaCross } from './sma-cross.ts';
import { supertrendFollow } from './supertrend.ts';
import { trendFilter } from './trend-filter.ts';

const ALL = [
  smaCross,
  emaCross,
  rsiReversion,
  bollingerBreakout,
  macdCross,
  donchianBreakout,
  supertrendFollow,
  trendFilter,
  smaBracket,
];

export const BUILT_IN_STRATEGIES: Readonly<Record<string, Strategy>> = Object.fromEntries(
  ALL.map((strategy) => [strategy.name, strategy]),
);
