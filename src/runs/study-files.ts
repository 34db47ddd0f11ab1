// Studies in the store: naming, taking up, the log of trials, and how far each came.
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { canonicalJson, type Json } from '../core/hash.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { studyIdentity, studyJson } from '../optimise/study.ts';
import { decodeTrial, encodeTrial } from '../optimise/trial-codec.ts';
import type { TrialLog } from '../optimise/trial-log.ts';
import { type OpenStudy, openStudyStore, type StoredStudy } from '../store/study-store.ts';
import type { StudyJson } from './study-json.ts';
import type { PreparedStudy, StudySelection } from './study-prepare.ts';
import type { RunContext } from './sweep-run.ts';

/** What the folder of a study keeps of its request. */
export interface StudyBody {
  readonly engineVersion: string;
  readonly identity: string;
  readonly selection: StudySelection;
  readonly request: { readonly [key: string]: Json | undefined };
}

/** What it keeps of how far it came. */
export interface StudyState {
  readonly study: StudyJson;
  readonly studyHash: string;
  readonly partial: 'deadline' | 'cancelled' | null;
  /** The best rows, for comparisons. */
  readonly top: readonly { readonly variantKey: string; readonly values: readonly (number | null)[] }[];
  readonly resultId: string | null;
}

export const bodyOf = (study: StoredStudy): StudyBody => study.request as unknown as StudyBody;
export const stateOf = (study: StoredStudy): StudyState | undefined =>
  study.state?.body as unknown as StudyState | undefined;

/** Errors: STUDY_NOT_FOUND with the nearest name, RESULT_CORRUPT. */
export function findStudy(name: string, storeRoot: string): StoredStudy {
  const store = openStudyStore(storeRoot);
  const found = store.find(name);
  if (found !== undefined) return found;
  const names = store.list().map((entry) => entry.name);
  throw new AppError('STUDY_NOT_FOUND', {
    found: `"${name}".${didYouMean(name, names)}`,
    todo: names.length === 0 ? 'Run gridmill optimize first.' : 'See gridmill studies for the names.',
  });
}

export interface TakenStudy {
  readonly name: string;
  readonly identity: string;
  /** What an earlier attempt said of it. */
  readonly earlier: StudyState | undefined;
  readonly open: OpenStudy;
  readonly log: TrialLog;
}

/**
 * Begins the study of this name, or goes on with it; without a name, the one of this very request.
 * Errors: STUDY_MISMATCH naming what differs, STUDY_LOCKED, STORE_FULL, STORE_UNWRITABLE.
 */
export function takeStudy(
  prepared: PreparedStudy,
  selection: StudySelection,
  name: string | undefined,
  context: RunContext & { readonly clock: Clock },
): TakenStudy {
  const { request } = prepared;
  const identity = studyIdentity(context.engineVersion, request);
  const chosen = name ?? `${request.space.strategyName}-${request.mode}-${identity.slice(0, 8)}`.slice(-64);
  const store = openStudyStore(context.storeRoot);
  const found = store.find(chosen);
  const body: StudyBody = { engineVersion: context.engineVersion, identity, selection, request: studyJson(request) };
  if (found !== undefined && bodyOf(found).identity !== identity) throw anotherStudy(chosen, bodyOf(found), body);
  if (found === undefined) {
    const summary = {
      strategy: request.space.strategyName,
      mode: request.mode,
      seed: request.seed,
      trials: selection.trials ?? null,
      objective: request.objectives.map(({ text }) => text).join(', '),
      markets: prepared.markets
        .map(({ market }) => market)
        .join(', ')
        .slice(0, 200),
      timeframe: request.cells[0]!.timeframe,
    };
    const plain = JSON.parse(JSON.stringify(body)) as Json;
    store.create({ name: chosen, createdAt: context.clock.wallMs(), summary, request: plain });
  }
  const open = store.open(chosen, context.clock);
  return {
    name: chosen,
    identity,
    earlier: found === undefined ? undefined : stateOf(found),
    open,
    log: {
      find(n) {
        const record = open.log.take(n);
        return record === undefined ? undefined : decodeTrial(record);
      },
      append: (n, trial) => open.log.append(encodeTrial(n, trial)),
      sync: () => open.log.sync(),
    },
  };
}

function anotherStudy(name: string, there: StudyBody, asked: StudyBody): AppError {
  const differences = differencesOf(there, asked);
  return new AppError('STUDY_MISMATCH', {
    found: `${name} differs in ${differences.map(({ member }) => member).join(', ') || 'its identity'}.`,
    todo: 'Give this one another name with --study, or remove that one: gridmill studies remove NAME.',
  });
}

export interface Difference {
  readonly member: string;
  readonly a: string;
  readonly b: string;
}

/** Members of two requests that are not equal, in words for a table. */
export function differencesOf(a: StudyBody, b: StudyBody): Difference[] {
  const members = [...new Set([...Object.keys(a.request), ...Object.keys(b.request)])];
  const found = members.flatMap((member): Difference[] => {
    const [x, y] = [a.request[member], b.request[member]];
    // A stored request has its members in another order.
    if (canonicalJson(x ?? null) === canonicalJson(y ?? null)) return [];
    return [
      { member: member === 'cells' ? 'candles or window' : member, a: shortText(member, x), b: shortText(member, y) },
    ];
  });
  if (a.engineVersion !== b.engineVersion) {
    found.unshift({ member: 'engine version', a: a.engineVersion, b: b.engineVersion });
  }
  return found;
}

function shortText(member: string, value: Json | undefined): string {
  if (member === 'axes' && Array.isArray(value)) {
    return (value as unknown as { name: string; values: number[] }[])
      .map(({ name, values }) => `${name} ${values[0]}..${values.at(-1)} (${values.length})`)
      .join(', ');
  }
  if (member === 'cells' && Array.isArray(value)) {
    return (value as unknown as { dataHash: string; fromBar: number; toBar: number }[])
      .map(({ dataHash, fromBar, toBar }) => `${dataHash.slice(0, 8)} ${fromBar}..${toBar}`)
      .slice(-2)
      .join(', ');
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
