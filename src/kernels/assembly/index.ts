// The exports of kernels.wasm. This folder is AssemblyScript: compiled by asc, never by tsc.
export { supertrend } from './supertrend';
export { typicalPrice } from './typical-price';
export { balanceVolume, vectorbtBalanceVolume, volumeWeightedPrice } from './volume';
export { channelIndex } from './cci';
export {
  bands,
  difference,
  middle,
  positionInRange,
  quotient,
  rateOfChange,
  vectorbtPositionInRange,
} from './column-arithmetic';
export { macd } from './macd';
export { directionalIndex } from './adx';
export { clearBars } from './missing';
export { rollingHighest, rollingLowest } from './rolling-extreme';
export { averageTrueRange, vectorbtTrueRange } from './true-range';
export { weightedMean } from './wma';
export { rollingMean } from './rolling-mean';
export { rollingDeviation } from './rolling-deviation';
export { changes, inverseRatios, rsi, vectorbtRsi } from './rsi';
export { smooth } from './smoothing';
export { vectorbtDeviation, vectorbtExponentialMean, vectorbtMean } from './vectorbt-averages';
export { fillTables } from './market-tables';
export { beginProgram, endProgram, runTile } from './program';
export { beginWalk, endWalk, walkTo } from './walk';
export { BAR_SUMS, BLOCK_BARS, setMarket, setVariant } from './walk-input';
export { setRiskWalk } from './risk-input';
export { beginRiskWalk, endRiskWalk, riskWalkTo } from './risk-walk';
