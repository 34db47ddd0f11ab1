// The shapes of answers about what the service keeps: lists of configurations, workers, candles, memory.
import type { Static } from 'typebox';
import * as Type from 'typebox';
import type { RefreshedSeries } from '../mirror/refresh.ts';
import type { ProfileMetrics } from '../sweep/profile-metrics.ts';
import { answer, Hash, listOf, MetricsOf, open, orNull, typed } from './answer-schemas.ts';

const Count = Type.Integer({ minimum: 0 });

const Worker = answer({ number: Count, runs: Count, heapBytes: Count, externalBytes: Count });
const Mirror = answer({
  entries: Count,
  bytes: Count,
  bytesMax: Count,
  pins: Count,
  pinnedBytes: Count,
  retired: Count,
  retiredBytes: Count,
  droppedBytes: Count,
  hits: Count,
  misses: Count,
  evictions: Count,
});

export const PoolAnswer = answer({
  expected: Count,
  online: Count,
  busy: Count,
  allOnline: Type.Boolean(),
  restarts: Count,
  recycled: Count,
  runs: Count,
  failed: Count,
  configurationsInFlight: Count,
  configurationsWaiting: Count,
  usefulShare: orNull(Type.Number({ description: 'Time inside scoring by time of all workers.' })),
  setupsOpen: Count,
  memory: listOf(Worker),
  mirror: Mirror,
});
export type PoolAnswer = Static<typeof PoolAnswer>;

const Refreshed = typed<RefreshedSeries>(
  answer({
    key: Type.String(),
    ...{ rowsBefore: Count, rowsAfter: Count, rowsAdded: Count },
    isExtension: Type.Boolean({
      description: 'Whether the rows before are all still there, bit by bit, and lie first.',
    }),
    ...{ hashBefore: Hash, hashAfter: Hash },
    bytesFreed: Count,
  }),
);
export const RefreshAnswer = answer({
  checked: Count,
  changed: listOf(Refreshed),
  removed: listOf(Type.String()),
  failed: listOf(answer({ key: Type.String(), error: Type.String() })),
  bytesFreed: Count,
  ms: Type.Number(),
});
export type RefreshAnswer = Static<typeof RefreshAnswer>;

export const CollectAnswer = answer({
  residentBytesBefore: Count,
  residentBytesAfter: Count,
  workersCollected: Count,
  setupsClosed: Count,
  answersDropped: Count,
  ms: Type.Number(),
});
export type CollectAnswer = Static<typeof CollectAnswer>;

const head = {
  engineVersion: Type.String(),
  strategy: Type.String(),
  strategyHash: Type.String(),
  profile: Type.String(),
  candles: answer({ key: Type.String(), contentHash: Hash, bars: Count, snapshot: Count }),
  configurations: Count,
};
const end = {
  done: Count,
  failed: Count,
  skipped: Count,
  partial: orNull(typed<'deadline' | 'cancelled'>(Type.String({ description: 'Why some were not run.' }))),
  elapsedMs: Type.Number(),
};
const TurboHead = answer(head);
const TurboEnd = answer(end);
const scored = {
  metrics: MetricsOf,
  profileMetrics: Type.Optional(open<ProfileMetrics>("The profile's own metric set.")),
};
const failed = { error: answer({ code: Type.String(), message: Type.String() }) };
/** Of one configuration: metrics, or why there are none. */
const TurboResult = Type.Union([answer(scored), answer(failed)]);
export const TurboAnswer = answer({ ...head, ...end, results: listOf(TurboResult) });
export type TurboAnswer = Static<typeof TurboAnswer>;

const index = { index: Count };
/** A line of a streamed list, the last one of a failed one apart: that is a problem. */
export const TurboLine = Type.Union([
  answer({ head: TurboHead }),
  answer({ ...index, ...scored }),
  answer({ ...index, ...failed }),
  answer({ end: TurboEnd }),
]);
export type TurboLine = Static<typeof TurboLine>;
