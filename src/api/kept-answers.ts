// Which answer a request has had before: by candles, strategy, request and engine, whatever they are called.
import type { ComputeTask } from '../compute/task.ts';
import { isAppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { openResultStore } from '../store/result-store.ts';
import { answerKey } from '../warm/answers.ts';
import type { RouteContext } from './surroundings.ts';
import { storedContentOf } from './waiting-client.ts';

/** Undefined for what is not kept. What a computation may take has no part in its answer. */
export async function keyOfAnswer(
  task: ComputeTask,
  { engineVersion, storeRoot, strategiesFolder: folder, clock, entry }: RouteContext,
): Promise<string | undefined> {
  if (task.kind !== 'sweep' && task.kind !== 'run') return undefined;
  const stored = storedContentOf(task, storeRoot);
  if (stored === undefined) return undefined;
  const { kind, selection } = task;
  // What compiles strategies is loaded with the first of them.
  const { strategyContent } = await import('../runs/strategy-content.ts');
  const strategyHash = await contentOrNone(() =>
    strategyContent(selection.strategy, { folder, storeRoot, engineVersion, clock, entry, confined: true }),
  );
  if (strategyHash === undefined) return undefined;
  const asked = { kind, selection, save: 'save' in task && task.save, equity: 'withEquity' in task && task.withEquity };
  const request = JSON.parse(JSON.stringify({ ...asked, key: stored.key })) as Json;
  return answerKey({ engineVersion, contentHash: stored.contentHash, strategyHash, request });
}

/** What is wrong with a strategy is said by whoever runs it. */
async function contentOrNone(read: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

/** An answer that names a stored result counts only as long as that is stored. */
export async function findAnswer(
  key: string | undefined,
  { warm, storeRoot }: RouteContext,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (key === undefined) return undefined;
  const answer = (await warm.answers.find(key)) as { readonly resultId?: string | null } | undefined;
  if (answer === undefined) return undefined;
  const { resultId } = answer;
  if (typeof resultId === 'string' && !openResultStore(storeRoot).has(resultId)) return undefined;
  return answer as Readonly<Record<string, unknown>>;
}
