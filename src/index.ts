// The package: what strategy files and programs import from 'gridmill'.
export {
  CONTROLLER_NAMES,
  type ControllerConfig,
  type ControllerName,
  fieldsWithoutEffect,
  readControllerConfig,
} from './controllers/controller-config.ts';
export {
  type ControllerMarket,
  type ControllerMarketOptions,
  createControllerMarket,
} from './controllers/controller-market.ts';
export {
  diffProfiles,
  diffRuns,
  type ExecutorDiff,
  type FigureDiff,
  type FixEffect,
  type RunDiff,
} from './controllers/diff-runs.ts';
export { type ControllerRun, type ControllerRunOptions, runController } from './controllers/run-controller.ts';
export { createStopSource, NEVER_STOP, type StopReason, type StopSource, type StopToken } from './core/cancel.ts';
export type { Clock } from './core/clock.ts';
export { AppError, type ErrorCode, isAppError } from './core/errors.ts';
export type { ExecutorRecord, PnlSeries } from './executors/executor-book.ts';
export {
  EXECUTOR_PROFILES,
  type ExecutorProfile,
  type ExecutorProfileName,
  executorProfile,
  FIX_NAMES,
  FIXES,
  type Fixes,
  type FixName,
} from './executors/fixes.ts';
export { parseTradingRules, type TradingRules } from './executors/grid-levels.ts';
export type { HoldSummary } from './executors/position-hold.ts';
export type { ExecutorSummary } from './executors/summary.ts';
export { type AttachedModel, attachModels } from './loader/model-files.ts';
export {
  CANDLE_COLUMNS,
  type CandleColumn,
  type CandleKey,
  type Candles,
  candlesHash,
  createCandles,
  firstBarAtOrAfter,
  sliceCandles,
  VALUE_COLUMNS,
  type ValueColumn,
} from './market/candles.ts';
export { type CheckedCandles, checkCandles } from './market/quality.ts';
export { QUALITY_POLICIES, type QualityPolicies, type QualityPolicy } from './market/quality-policies.ts';
export { resampleCandles } from './market/resample.ts';
export { type SyntheticOptions, syntheticCandles } from './market/synthetic.ts';
export { candleOpenTime, parseTimeframe, type Timeframe, timeframeMs } from './market/timeframe.ts';
export type { Calendar } from './metrics/annualisation.ts';
export { METRIC_NAMES, METRICS, type MetricName, type Metrics } from './metrics/metrics.ts';
export type { ExitReason, Side, Trade } from './metrics/trade.ts';
export {
  createMirror,
  type Mirror,
  type MirroredCandles,
  type MirrorHandle,
  type MirrorOptions,
  type MirrorStatus,
} from './mirror/mirror.ts';
export { attachMirrorFile, type MirrorAttachment } from './mirror/mirror-file.ts';
export type { MirrorFolderOptions } from './mirror/mirror-folder.ts';
export type { PreloadReport } from './mirror/preload.ts';
export type { RefreshReport } from './mirror/refresh.ts';
export { PROFILES, type Profile, type ProfileName, profileNamed } from './simulate/profiles.ts';
export { simulate } from './simulate/simulate.ts';
export {
  type Barriers,
  type Costs,
  type Direction,
  ENTER_LONG,
  ENTER_SHORT,
  EXIT_LONG,
  EXIT_SHORT,
  type Fill,
  type Simulation,
  type SimulationInput,
  type SimulationSettings,
  type Sizing,
} from './simulate/simulation.ts';
export { type CandleStore, type CandleStoreOptions, openCandleStore } from './store/candle-store.ts';
export type {
  BarContext,
  BarExecutors,
  BarInit,
  BarOrder,
  BarSide,
  Bracket,
  BracketChange,
  CandleSeries,
  DcaExecutorOrder,
  ExecutorState,
  Flags,
  GridExecutorOrder,
  Position,
  PositionEnd,
  PositionExecutorOrder,
  Series,
} from './strategy/bar-context.ts';
export { type BarStrategyInput, defineBarStrategy } from './strategy/bar-strategy.ts';
export { BUILT_IN_STRATEGIES } from './strategy/builtin/index.ts';
export {
  add,
  and,
  type CandleColumns,
  type Column,
  type Condition,
  type CustomCompute,
  candles,
  close,
  crossAbove,
  crossBelow,
  customColumn,
  divide,
  gt,
  gte,
  high,
  lag,
  low,
  lt,
  lte,
  multiply,
  not,
  type Operand,
  on,
  open,
  or,
  subtract,
  volume,
} from './strategy/expression.ts';
export {
  adx,
  atr,
  bollinger,
  cci,
  donchian,
  ema,
  highest,
  keltner,
  lowest,
  macd,
  obv,
  roc,
  rsi,
  sma,
  stdev,
  stochastic,
  supertrend,
  vwap,
  wma,
  zscore,
} from './strategy/indicator-expressions.ts';
export { garch, lightgbm, onnx, ridge, ridgeWalkForward } from './strategy/model-expressions.ts';
export {
  type Axis,
  choice,
  type ParameterRef,
  type ParameterValues,
  range,
  type Scalar,
} from './strategy/parameters.ts';
export {
  defineStrategy,
  type EventSignals,
  type RiskAxes,
  type SignalCandles,
  type SignalFunction,
  type Strategy,
  type TargetSignals,
} from './strategy/strategy.ts';
export { ACROSS, type Across, DEFAULT_ACROSS } from './sweep/many-across.ts';
export { manyResultHash } from './sweep/many-hash.ts';
export type {
  CellMetrics,
  ManyCell,
  ManyMarket,
  ManyOutcome,
  ManyProgress,
  ManyRequest,
  ManyRow,
} from './sweep/many-request.ts';
export { type ManyHost, sweepMany } from './sweep/many-sweep.ts';
export type {
  ExecutionRequest,
  RankedRow,
  ScoredRow,
  SweepOutcome,
  SweepProgress,
  SweepRequest,
} from './sweep/request.ts';
export { resultHash } from './sweep/result-hash.ts';
export { runSweep, type SweepHost } from './sweep/run-sweep.ts';
export { runSignals, runVariant, type VariantRun } from './sweep/run-variant.ts';
export { scoreVariantsBatch } from './sweep/score-variants.ts';
export { createWindow, type Window } from './sweep/window.ts';
