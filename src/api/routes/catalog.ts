// What can be asked for: strategies, profiles, metrics and stored candles.
import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { keyText } from '../../market/candle-key.ts';
import { METRIC_NAMES, METRICS } from '../../metrics/metrics.ts';
import { PROFILES } from '../../simulate/profiles.ts';
import { openCandleStore } from '../../store/candle-store.ts';
import { BUILT_IN_STRATEGIES } from '../../strategy/builtin/index.ts';
import { DataAnswer, MetricsAnswer, ProfilesAnswer, StrategiesAnswer } from '../catalog-schemas.ts';
import type { RouteContext } from '../surroundings.ts';

export function catalogRoutes(server: FastifyInstance, { storeRoot }: RouteContext): void {
  const list = (summary: string, answer: TSchema) => ({ schema: { summary, response: { 200: answer } } });
  server.get('/api/strategies', list('Built-in strategies with their parameters', StrategiesAnswer), () =>
    Object.values(BUILT_IN_STRATEGIES).map(({ name, description, parameters, risk }) => ({
      name,
      description,
      parameters: valuesOf(parameters),
      risk: valuesOf(risk as Record<string, { values: readonly number[] }>),
    })),
  );
  server.get('/api/profiles', list('Execution profiles and what they assume', ProfilesAnswer), () =>
    Object.values(PROFILES),
  );
  server.get('/api/metrics', list('Metrics by which results can be ranked', MetricsAnswer), () =>
    METRIC_NAMES.map((name) => ({ ...METRICS[name], name })),
  );
  server.get('/api/data', list('Stored candles', DataAnswer), () =>
    openCandleStore(storeRoot)
      .list()
      .map(({ key, bytes, header }) => ({ key: keyText(key), bytes, ...header })),
  );
}

const valuesOf = (axes: Readonly<Record<string, { readonly values: readonly number[] }>>) =>
  Object.fromEntries(Object.entries(axes).map(([name, { values }]) => [name, values]));
