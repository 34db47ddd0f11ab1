// The crossing of two moving averages computed once more, without anything of Gridmill: sums of whole cents, one position.

/** Long from the close at which the fast average crosses above the slow one to the close at which it crosses below. */
export function crossing(closes, fast, slow, fee) {
  const trades = [];
  let cash = 100;
  let size = 0;
  let entry;
  /** Which average was higher last, with the rule that lines that start out apart do not cross. */
  let before = 0;
  for (let bar = slow - 1; bar < closes.length; bar++) {
    // Averages compared by their sums: whole numbers have no rounding.
    const sign = Math.sign(sum(closes, bar, fast) * slow - sum(closes, bar, slow) * fast);
    const price = closes[bar] / 100;
    if (sign > 0 && before < 0 && entry === undefined) {
      size = cash / (1 + fee) / price;
      entry = { bar, price };
      cash = 0;
    } else if (sign < 0 && before > 0 && entry !== undefined) {
      cash = size * price * (1 - fee);
      trades.push({ entryBar: entry.bar, entryPrice: entry.price, exitBar: bar, exitPrice: price });
      entry = undefined;
      size = 0;
    }
    if (sign !== 0) before = sign;
  }
  const equity = cash + (size * closes.at(-1)) / 100;
  return { trades, totalReturn: equity / 100 - 1 };
}

function sum(values, end, count) {
  let total = 0;
  for (let i = end - count + 1; i <= end; i++) total += values[i];
  return total;
}
