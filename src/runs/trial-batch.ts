// A list of configurations as trials: the strategy and its execution once, each configuration checked by itself.
import { isAppError } from '../core/errors.ts';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import { type SharedModels, shareModels } from '../models/model-file.ts';
import type { StrategyRef } from '../pool/messages.ts';
import { strategyIdentity } from '../pool/strategy-identity.ts';
import { modelFilesOf } from '../strategy/model-expressions.ts';
import { type Axis, choice } from '../strategy/parameters.ts';
import type { RiskAxes } from '../strategy/strategy.ts';
import { checkedRisk, type RiskParameter } from '../sweep/grid.ts';
import type { ExecutionRequest } from '../sweep/request.ts';
import { checkProfile } from '../sweep/sweep-checks.ts';
import { hasFailed, type TrialFailure, type TrialSpec } from '../trials/trial.ts';
import type { ExecutionSelection } from './execution-selection.ts';
import { strategyRef } from './module-ref.ts';
import { checkParameters } from './parameter-names.ts';
import { singleBarriers, singleParameters } from './single-run.ts';
import { strategyExecution } from './strategy-execution.ts';
import { loadNamedStrategy, type RunContext, withParameters } from './sweep-run.ts';

export interface TrialConfiguration {
  readonly parameters?: Readonly<Record<string, number>>;
  /** 0 leaves a barrier off, as leaving it out does. */
  readonly barriers?: Readonly<Partial<Record<RiskParameter, number>>>;
}

export interface TrialBatchSelection {
  /** A built-in name or a file. */
  readonly strategy: string;
  readonly execution: ExecutionSelection;
  readonly configurations: readonly TrialConfiguration[];
}

export type PreparedTrial = Pick<TrialSpec, 'parameters' | 'barriers'> | TrialFailure;

/** Plain data: it can be sent to another thread. */
export interface PreparedTrials {
  readonly name: string;
  readonly strategyHash: string;
  readonly strategyRef: StrategyRef;
  readonly identity: string;
  readonly models: SharedModels;
  readonly execution: ExecutionRequest;
  /** One per configuration, in their order: what is to be run, or why it cannot be. */
  readonly trials: readonly PreparedTrial[];
}

/** Errors: those of loading and of strategyExecution; what is wrong with one configuration is said in its place. */
export async function prepareTrials(
  { strategy: reference, execution: assumptions, configurations }: TrialBatchSelection,
  context: RunContext,
): Promise<PreparedTrials> {
  const checks = new Map<string, TrialFailure | undefined>();
  let loaded = await loadNamedStrategy(reference, context);
  for (const name of new Set(configurations.flatMap(({ parameters = {} }) => Object.keys(parameters)))) {
    const failure = failureOf(() => {
      loaded = withParameters(loaded, [name]);
    });
    if (failure !== undefined) checks.set(name, failure);
  }
  const { strategy, strategyHash } = loaded;
  const risk = Object.assign({}, ...configurations.map(({ barriers = {} }) => axesOf(barriers))) as RiskAxes;
  const execution = plain(await strategyExecution(assumptions, strategy, { parameters: {}, risk }, context));
  checkProfile({ ...execution, strategy });
  return {
    name: strategy.name,
    strategyHash,
    strategyRef: strategyRef(loaded, context.storeRoot),
    identity: strategyIdentity(strategy),
    models: shareModels(modelFilesOf(strategy)),
    execution,
    trials: configurations.map((configuration) => trialOf(configuration, loaded, checks)),
  };
}

/** Values that occur again are not checked again: `checks` remembers what each came to. */
function trialOf(
  { parameters = {}, barriers = {} }: TrialConfiguration,
  loaded: LoadedStrategy,
  checks: Map<string, TrialFailure | undefined>,
): PreparedTrial {
  const once = (key: string, check: () => void): TrialFailure | undefined => {
    if (!checks.has(key)) checks.set(key, failureOf(check));
    return checks.get(key);
  };
  for (const [name, value] of Object.entries(parameters)) {
    const unknown = checks.get(name);
    if (unknown !== undefined) return unknown;
    const failure = once(`${name}=${value}`, () => checkParameters(loaded.strategy, { [name]: choice(value) }));
    if (failure !== undefined) return failure;
  }
  const risk = Object.entries(barriers) as [RiskParameter, number][];
  for (const [name, value] of risk) {
    const failure = once(`${name}<${value}`, () => checkedRisk(name, choice(value)));
    if (failure !== undefined) return failure;
  }
  const axes = axesOf(parameters);
  const given = { ...loaded.strategy.risk, ...axesOf(barriers) };
  let trial: PreparedTrial | undefined;
  const failure = failureOf(() => {
    trial = { parameters: singleParameters(loaded, axes), barriers: singleBarriers(given) };
  });
  return failure ?? trial!;
}

const axesOf = (values: Readonly<Record<string, number>>): Record<string, Axis> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, choice(value)]));

function failureOf(check: () => void): TrialFailure | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { error: error.message, code: error.code };
  }
}

export const isRunnable = (trial: PreparedTrial): trial is Pick<TrialSpec, 'parameters' | 'barriers'> =>
  !hasFailed(trial as TrialFailure);

/** Without members that say nothing, so that equal assumptions have equal JSON. */
const plain = (execution: ExecutionRequest): ExecutionRequest => JSON.parse(JSON.stringify(execution));
