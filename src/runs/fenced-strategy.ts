// A strategy file as this process holds it when its code may run in fenced processes only: what it said of itself, as data.
import { dirname, resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { probeBoundary } from '../isolation/boundary.ts';
import { forbidden } from '../isolation/forbidden.ts';
import { frameOf } from '../isolation/frames.ts';
import { readChecker } from '../isolation/guard-files.ts';
import { startProcessMember } from '../isolation/process-member.ts';
import {
  codelessStrategy,
  compileStrategy,
  type LoadedStrategy,
  type LoaderOptions,
  withModels,
} from '../loader/load-strategy.ts';
import { strategyFailure } from '../loader/strategy-failure.ts';
import { type ModuleRef, readDescription, type StrategyDescription, unpackError } from '../pool/messages.ts';
import { PROCESS_FILE } from '../pool/process-setup.ts';
import { modelFilesOf } from '../strategy/model-expressions.ts';
import type { Axis } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { runsCode } from '../strategy/strategy-code.ts';
import { moduleRef, readableFor } from './module-ref.ts';
import { standIn } from './strategy-stand-in.ts';

export interface FencedOptions extends LoaderOptions {
  readonly storeRoot: string;
  /** Axes that replace those of the strategy: the constraint is asked about the grid that they make. */
  readonly parameters: Readonly<Record<string, Axis>>;
}

/**
 * Compiles a strategy file here and has a fenced process load it and tell of it. Its signals come as data; functions stay
 * there, and calling one here throws STRATEGY_FORBIDDEN. Errors: those of loadStrategy, LIMIT_EXCEEDED, WORKER_DIED.
 */
export async function loadFencedStrategy(reference: string, options: FencedOptions): Promise<LoadedStrategy> {
  const builtIn = await codelessStrategy(reference, options);
  if (builtIn !== undefined) return builtIn;
  const compiled = await compileStrategy(reference, options);
  const strategyRef = moduleRef(compiled, options.storeRoot);
  const { parameters, onFlag } = options;
  const described = await describedBy(strategyRef, parameters, onFlag ?? (() => undefined)).catch((error: unknown) => {
    throw strategyFailure('while it was loaded', error, compiled.files);
  });
  const strategy = standIn(described, parameters);
  checkModels(strategy, dirname(compiled.path));
  return withModels(strategy, compiled, options.modelBytesMax);
}

/**
 * Models are read by this process, for all: a strategy must not choose files that it could not read itself, nor one that
 * runs native code. Errors: STRATEGY_FORBIDDEN.
 */
function checkModels(strategy: Strategy, folder: string): void {
  const { check } = readChecker([folder]);
  for (const { kind, path } of modelFilesOf(strategy)) {
    if (kind === 'onnx') throw forbidden('native', `the ONNX model ${path} with --isolate process`);
    const error = check('a model', resolve(folder, path));
    if (error !== undefined) throw error;
  }
}

function describedBy(
  strategyRef: ModuleRef,
  parameters: FencedOptions['parameters'],
  onRemark: (remark: string) => void,
): Promise<StrategyDescription> {
  return new Promise((resolve, reject) => {
    const died = (how: string): AppError =>
      new AppError('WORKER_DIED', {
        found: `a process that loaded the strategy and ${how}.`,
        todo: 'Look in the file for what it does when it is imported.',
      });
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
      void member.end();
    };
    const timer = setTimeout(
      () => settle(() => reject(died('was not done within a minute'))),
      LIMITS.workerSilenceMsMax,
    );
    const member = startProcessMember(
      {
        entry: PROCESS_FILE,
        boundary: probeBoundary(),
        readable: readableFor(strategyRef),
        setup: frameOf({ describe: { strategyRef, parameters } }),
        heapMb: LIMITS.workerHeapMbMax,
        memoryBytesMax: 2 * LIMITS.workerHeapMbMax * 2 ** 20,
      },
      {
        onMessage(message) {
          const said = readDescription(message);
          if (said === undefined) return;
          if ('remark' in said) onRemark(said.remark);
          else if ('unfit' in said) settle(() => reject(unpackError(said.unfit)));
          else settle(() => resolve(said.described));
        },
        onDeath: (how) => settle(() => reject(died(how))),
      },
    );
  });
}

/** What the fences lack on this system, one sentence each. */
export const fenceNotes = (): string[] => probeBoundary().missing.map((phrase) => `--isolate process: ${phrase}.`);

/** Errors: REQUEST_INVALID when a report would have to run code of a fenced strategy here. */
export function checkReportable(strategy: Strategy): void {
  if (!runsCode(strategy)) return;
  throw new AppError('REQUEST_INVALID', {
    rule: 'With --isolate process no code of a strategy runs in the process that writes reports.',
    found: `--report for ${strategy.name}, which is code.`,
    todo: 'Leave out --report; the ranking is printed and stored all the same.',
  });
}
