// The shape of a list of configurations to run.
import type { Static } from 'typebox';
import * as Type from 'typebox';
import { HTTP_LIMITS } from './limits.ts';
import { BacktestBody } from './schemas.ts';

const Numbers = Type.Record(Type.String({ pattern: '^[a-zA-Z][a-zA-Z0-9_.]{0,63}$' }), Type.Number(), {
  maxProperties: 64,
});
const barrier = Type.Optional(Type.Number({ minimum: 0 }));

const Configuration = Type.Object(
  {
    parameters: Type.Optional(Numbers),
    barriers: Type.Optional(
      Type.Object(
        { stopLoss: barrier, takeProfit: barrier, trailingStop: barrier, timeLimit: barrier },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

const { strategy, data, timeframe, from, to, execution, deadlineSeconds } = BacktestBody.properties;

export const TurboBody = Type.Object(
  {
    ...{ strategy, data, timeframe, from, to, execution, deadlineSeconds },
    configurations: Type.Array(Configuration, { minItems: 1, maxItems: HTTP_LIMITS.configurationsMax }),
  },
  { additionalProperties: false },
);
export type TurboBody = Static<typeof TurboBody>;

export const TurboQuery = Type.Object({ stream: Type.Optional(Type.Boolean()) }, { additionalProperties: false });
export type TurboQuery = Static<typeof TurboQuery>;
