// The levels of a grid executor: how many fit the money and the range, at which prices, with which targets.
import {
  addDecimal,
  compareDecimal,
  type Decimal,
  decimal,
  decimalOfDouble,
  decimalOfText,
  decimalToNumber,
  divideDecimal,
  maxDecimal,
  multiplyDecimal,
  parseDecimal,
  subtractDecimal,
  truncateDecimal,
} from '../core/decimal.ts';
import { AppError } from '../core/errors.ts';

/** The three numbers of an exchange that shape a grid. */
export interface TradingRules {
  readonly minNotionalSize: Decimal;
  readonly minBaseAmountIncrement: Decimal;
  readonly minPriceIncrement: Decimal;
}

/**
 * Trading rules under Hummingbot's names, as numbers or texts. Errors: REQUEST_INVALID.
 */
export function parseTradingRules(given: {
  readonly min_notional_size: string | number;
  readonly min_base_amount_increment: string | number;
  readonly min_price_increment: string | number;
}): TradingRules {
  const read = (name: keyof typeof given): Decimal => {
    const value = parseDecimal(String(given[name]));
    if (value !== undefined && value.coefficient > 0n) return value;
    throw new AppError('REQUEST_INVALID', {
      rule: `${name} must be a number above 0.`,
      found: `${given[name]}.`,
      todo: "Take it from the exchange's trading rules.",
    });
  };
  return {
    minNotionalSize: read('min_notional_size'),
    minBaseAmountIncrement: read('min_base_amount_increment'),
    minPriceIncrement: read('min_price_increment'),
  };
}

export interface GridOrder {
  readonly isLong: boolean;
  readonly levelId: string | null;
  readonly startPrice: Decimal;
  readonly endPrice: Decimal;
  /** A close beyond it ends the grid with a loss; null is none. */
  readonly limitPrice: Decimal | null;
  readonly totalAmountQuote: Decimal;
  readonly minSpreadBetweenOrders: Decimal;
  readonly minOrderAmountQuote: Decimal;
  /** Target of a level as a fraction of its price. */
  readonly takeProfit: Decimal;
  /** Loss of the whole grid as a fraction of what was filled; null and 0 are none. */
  readonly stopLoss: number | null;
  readonly timeLimitMs: number;
  /** At the limit price keep what is held instead of selling it. */
  readonly keepPosition: boolean;
  /** Raise the target of a level to the distance of the levels. */
  readonly coerceTargetToStep: boolean;
}

export interface GridLevels {
  readonly prices: Float64Array;
  readonly targets: Float64Array;
  /** Quote currency per level. */
  readonly amountQuote: number;
  readonly takeProfit: number;
}

/** Notional of the smallest order when the exchange's rules are not known, and the margin above the smallest order. */
const DEFAULT_MIN_NOTIONAL = decimal('5');
const NOTIONAL_MARGIN = decimal('1.05');
const TWO = decimal('2');
const ZERO = decimal('0');

const isPositive = (value: Decimal): boolean => compareDecimal(value, ZERO) > 0;
const wholeDecimal = (value: number): Decimal => decimal(String(value));

/**
 * The levels of a grid started at `price`. `narrowIsSingle`: a range narrower than one step makes one level.
 * Errors: REQUEST_INVALID for such a range otherwise, where Hummingbot divides by zero.
 */
export function gridLevels(
  order: GridOrder,
  price: number,
  rules: TradingRules | null,
  narrowIsSingle: boolean,
): GridLevels {
  const mid = decimalOfText(price);
  const range = divideDecimal(subtractDecimal(order.endPrice, order.startPrice), order.startPrice);
  const plan = planLevels(order, mid, range, rules, narrowIsSingle);
  const count = Math.max(1, plan.count);
  const prices = new Float64Array(count);
  if (count === 1) {
    prices[0] = decimalToNumber(divideDecimal(addDecimal(order.startPrice, order.endPrice), TWO));
  } else {
    const start = decimalOfDouble(decimalToNumber(order.startPrice));
    const span = subtractDecimal(decimalOfDouble(decimalToNumber(order.endPrice)), start);
    const last = wholeDecimal(count - 1);
    for (let i = 0; i < count; i++) {
      const share = divideDecimal(multiplyDecimal(span, wholeDecimal(i)), last);
      prices[i] = decimalToNumber(addDecimal(start, share));
    }
  }
  const step = count === 1 ? range : divideDecimal(range, wholeDecimal(count - 1));
  const takeProfit = decimalToNumber(order.coerceTargetToStep ? maxDecimal(step, order.takeProfit) : order.takeProfit);
  const side = order.isLong ? 1 : -1;
  return {
    prices,
    targets: prices.map((level) => level * (1 + side * takeProfit)),
    amountQuote: decimalToNumber(plan.amount),
    takeProfit,
  };
}

function smallestBase(mid: Decimal, minNotional: Decimal, increment: Decimal | null): Decimal {
  const withMargin = divideDecimal(multiplyDecimal(minNotional, NOTIONAL_MARGIN), mid);
  if (increment === null) return withMargin;
  const stepNotional = decimalToNumber(multiplyDecimal(increment, mid));
  const steps = Math.ceil(decimalToNumber(minNotional) / stepNotional);
  const least = maxDecimal(withMargin, multiplyDecimal(increment, wholeDecimal(steps)));
  return multiplyDecimal(wholeDecimal(Math.ceil(decimalToNumber(least) / decimalToNumber(increment))), increment);
}

function planLevels(
  order: GridOrder,
  mid: Decimal,
  range: Decimal,
  rules: TradingRules | null,
  narrowIsSingle: boolean,
): { readonly count: number; readonly amount: Decimal } {
  const total = order.totalAmountQuote;
  const increment = rules?.minBaseAmountIncrement ?? null;
  const minNotional = maxDecimal(order.minOrderAmountQuote, rules?.minNotionalSize ?? DEFAULT_MIN_NOTIONAL);
  const minBase = smallestBase(mid, minNotional, increment);
  const minQuote = multiplyDecimal(minBase, mid);
  const minStep =
    rules === null
      ? order.minSpreadBetweenOrders
      : maxDecimal(order.minSpreadBetweenOrders, divideDecimal(rules.minPriceIncrement, mid));
  const byMoney = truncateDecimal(divideDecimal(total, minQuote));
  if (byMoney === 0) return { count: 1, amount: minQuote };
  const byStep = isPositive(minStep) ? truncateDecimal(divideDecimal(range, minStep)) : byMoney;
  let count = Math.min(byMoney, byStep);
  if (count === 0) {
    if (!narrowIsSingle) throw narrowRange(range, minStep);
    count = 1;
  }
  let amount: Decimal;
  if (increment === null) amount = maxDecimal(divideDecimal(total, wholeDecimal(count)), minQuote);
  else {
    const share = decimalToNumber(divideDecimal(total, multiplyDecimal(mid, wholeDecimal(count))));
    const steps = Math.floor(share / decimalToNumber(increment));
    amount = multiplyDecimal(maxDecimal(minBase, multiplyDecimal(wholeDecimal(steps), increment)), mid);
  }
  return { count: Math.min(count, Math.trunc(decimalToNumber(total) / decimalToNumber(amount))), amount };
}

const narrowRange = (range: Decimal, step: Decimal): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: "Hummingbot's back-test of a grid needs a range of at least one step, or it divides by zero.",
    found: `a range of ${decimalToNumber(range)} and a step of ${decimalToNumber(step)} (fractions of price).`,
    todo: 'Widen the range, lower min_spread_between_orders, or use the profile hummingbot-corrected.',
  });
