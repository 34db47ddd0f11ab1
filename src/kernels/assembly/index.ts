// The exports of kernels.wasm. This folder is AssemblyScript: compiled by asc, never by tsc.
export { andBits, andNotBits, orBits } from './bit-logic';
export {
  columnAbove,
  columnAtOrAbove,
  columnAtOrBelow,
  columnBelow,
  columnsAbove,
  columnsAtOrAbove,
  columnsBothWays,
} from './comparisons';
export { crossing } from './crossings';
export { rollingMean, REBUILD_BARS } from './rolling-mean';
export { rollingDeviation } from './rolling-deviation';
export { rsi, vectorbtRsi } from './rsi';
export { smooth } from './smoothing';
export { vectorbtDeviation, vectorbtExponentialMean, vectorbtMean } from './vectorbt-averages';
export { fillTables } from './market-tables';
export { beginWalk, endWalk, walkTo } from './walk';
export { BAR_SUMS, BLOCK_BARS, setMarket, setVariant } from './walk-input';
