// What can be asked for: strategies, profiles, metrics and stored candles.
import type { FastifyInstance } from 'fastify';
import * as Type from 'typebox';
import { keyText } from '../../market/candle-key.ts';
import { METRIC_NAMES, METRICS } from '../../metrics/metrics.ts';
import { PROFILES } from '../../simulate/profiles.ts';
import { openCandleStore } from '../../store/candle-store.ts';
import { BUILT_IN_STRATEGIES } from '../../strategy/builtin/index.ts';
import { AnyJson } from '../schemas.ts';
import type { RouteContext } from '../surroundings.ts';

const List = Type.Array(AnyJson);

export function catalogRoutes(server: FastifyInstance, { storeRoot }: RouteContext): void {
  const list = (summary: string) => ({ schema: { summary, response: { 200: List } } });
  server.get('/api/strategies', list('Built-in strategies with their parameters'), () =>
    Object.values(BUILT_IN_STRATEGIES).map(({ name, description, parameters, risk }) => ({
      name,
      description,
      parameters: valuesOf(parameters),
      risk: valuesOf(risk as Record<string, { values: readonly number[] }>),
    })),
  );
  server.get('/api/profiles', list('Execution profiles and what they assume'), () => Object.values(PROFILES));
  server.get('/api/metrics', list('Metrics by which results can be ranked'), () =>
    METRIC_NAMES.map((name) => ({ ...METRICS[name], name })),
  );
  server.get('/api/data', list('Stored candles'), () =>
    openCandleStore(storeRoot)
      .list()
      .map(({ key, bytes, header }) => ({ key: keyText(key), bytes, ...header })),
  );
}

const valuesOf = (axes: Readonly<Record<string, { readonly values: readonly number[] }>>) =>
  Object.fromEntries(Object.entries(axes).map(([name, { values }]) => [name, values]));
