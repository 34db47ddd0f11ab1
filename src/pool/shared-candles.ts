// Candles in memory that all threads see, as threads are handed them.
export { shareCandles } from '../market/shared-candles.ts';
