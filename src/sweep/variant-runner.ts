// Runs variants of any kind of strategy on the normative engine: signals once per set of parameters, then any barriers.
import { simulate } from '../simulate/simulate.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import { barRunner } from './bar-runner.ts';
import { createControllerRunner } from './controller-runner.ts';
import { simulationSettings } from './execution-settings.ts';
import { profileMetrics } from './profile-metrics.ts';
import type { VariantRunner, VariantRunnerOptions } from './runner-port.ts';
import { createSignalSource } from './signals.ts';
import { warmUpBars } from './warm-up.ts';

export type { VariantRunner, VariantRunnerOptions } from './runner-port.ts';

export function createVariantRunner(options: VariantRunnerOptions): VariantRunner {
  const { program } = options.strategy;
  if (program === undefined) return signalRunner(options);
  if (program.kind === 'bars') return barRunner(options, program);
  return createControllerRunner(options, program);
}

function signalRunner(options: VariantRunnerOptions): VariantRunner {
  const { strategy, execution, window, equity } = options;
  const { arithmetic } = execution.profile;
  const source = createSignalSource({ ...options, arithmetic });
  let selected: ParameterValues = {};
  let signals: Uint8Array | undefined;
  return {
    select(parameters) {
      selected = parameters;
      signals = source.signals(parameters);
    },
    run(barriers) {
      const settings = simulationSettings(execution, barriers);
      return simulate({ candles: window.candles, signals: signals!, settings, equity });
    },
    profileMetrics(simulation) {
      const warmUp = warmUpBars(strategy, arithmetic, selected, window.history.timeframe);
      return profileMetrics(simulation, execution, window, Math.max(0, warmUp - window.from));
    },
    get signals() {
      return signals;
    },
    get stats() {
      return source.stats;
    },
  };
}
