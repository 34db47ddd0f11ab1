// What a study is asked beyond the plain words of a request: a window that stays, and the finds it begins at.
import { AppError } from '../core/errors.ts';
import { timeframeMs } from '../market/timeframe.ts';
import type { Anchor } from '../optimise/study.ts';
import { loadResult } from './saved-results.ts';
import { findStudy, stateOf } from './study-files.ts';
import type { PreparedStudy, StudySelection } from './study-prepare.ts';

/** The study as it can be taken up again later: candles that came since do not move its window. */
export function resolvedSelection(selection: StudySelection, { markets, request }: PreparedStudy): StudySelection {
  if (selection.days === undefined) return { ...selection, lag: request.lag };
  const [{ search, holdout }] = markets as [PreparedStudy['markets'][number]];
  const end = (holdout ?? search).window.candles;
  const window = {
    ...selection.window,
    ...(search.bounds.from === undefined ? {} : { from: String(search.bounds.from) }),
    to: String(end.time[end.barCount - 1]! + timeframeMs(end.timeframe)),
  };
  return { ...selection, window, days: undefined, lag: request.lag };
}

/** The best rows of a study, by the result it left. Errors: STUDY_NOT_FOUND, REQUEST_INVALID when it has none. */
export function anchorsOf(
  name: string,
  count: number,
  context: { readonly folder: string; readonly storeRoot: string },
): Anchor[] {
  const state = stateOf(findStudy(name, context.storeRoot));
  const rows = state?.resultId === null || state === undefined ? [] : loadResult(state.resultId, context).record.top;
  if (rows.length > 0) return rows.slice(0, count).map(({ params, risk }) => ({ ...params, ...risk }));
  throw new AppError('REQUEST_INVALID', {
    rule: '--around names a study that has ended with a result.',
    found: `${name}, which has no stored result.`,
    todo: `Let it come to an end first: gridmill optimize --resume ${name}.`,
  });
}
