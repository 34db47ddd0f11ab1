// The two ways to do the sums: our own conventions, or vectorbt's in its order of operations.

/**
 * `standard`: textbook conventions (averages seeded with a plain mean, Wilder RSI and ATR, population deviation), by
 * stable methods; a bar without a value spoils only what contains it, and a flat market is exactly flat.
 * `vectorbt`: the averages, deviations, RSI, MACD, ATR, stochastic and OBV of vectorbt 0.25, rounding noise included,
 * so that its signals are reproduced bit by bit. Indicators that it does not have are the standard ones.
 */
export type Arithmetic = 'standard' | 'vectorbt';

export const ARITHMETICS: readonly Arithmetic[] = ['standard', 'vectorbt'];
