// What a strategy offers: its kind, parameters, the space a study searches by itself, and the profiles it runs under.
import { withControllerFields } from '../controllers/controller-strategy.ts';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import { PROFILES, type ProfileName } from '../simulate/profiles.ts';
import type { Axis } from '../strategy/parameters.ts';
import { DEFAULT_CONTROLLER_PROFILE } from './controller-execution.ts';
import { executionRequest } from './execution-selection.ts';
import { kindOf, refusalOf, type StrategyKind } from './profile-support.ts';
import { searchSpaceOf } from './search-space.ts';

export interface StrategyFacts {
  /** The name that results have; a file is asked for by its own. */
  readonly name: string;
  readonly kind: StrategyKind;
  readonly description: string | null;
  readonly hash: string;
  /** Values that a sweep tries where the request names none; empty for a controller, whose file has one of each. */
  readonly parameters: Values;
  /** Barriers likewise. */
  readonly risk: Values;
  /** Values among which a study searches where the request names none. */
  readonly search: Values;
  /** Of a controller: what its file says for what is searched. */
  readonly defaults: Readonly<Record<string, number>>;
  readonly profile: ProfileName;
  readonly profiles: readonly ProfileName[];
  readonly models: number;
}

type Values = Readonly<Record<string, readonly number[]>>;

export function strategyFacts({ strategy, strategyHash, models = [] }: LoadedStrategy): StrategyFacts {
  const { name, description, parameters, risk } = strategy;
  const kind = kindOf(strategy);
  const search = searchSpaceOf(strategy, {});
  const given = kind === 'controller' ? withControllerFields(strategy, Object.keys(search)).parameters : {};
  const names = Object.keys(PROFILES) as ProfileName[];
  return {
    name,
    kind,
    description: description ?? null,
    hash: strategyHash,
    parameters: valuesOf(parameters),
    risk: valuesOf(risk as Readonly<Record<string, Axis>>),
    search: valuesOf(search),
    defaults: Object.fromEntries(Object.entries(given).map(([field, { values }]) => [field, values[0]!])),
    profile: kind === 'controller' ? DEFAULT_CONTROLLER_PROFILE : 'close',
    profiles: names.filter(
      (profile) => refusalOf(executionRequest({ profile, calendar: 'continuous' }), kind) === undefined,
    ),
    models: models.length,
  };
}

const valuesOf = (axes: Readonly<Record<string, Axis>>): Values =>
  Object.fromEntries(Object.entries(axes).map(([name, { values }]) => [name, values]));
