// How far a run on a cluster is, as one line.
import type { RunProgress } from '../cluster/follow-run.ts';

export const clusterProgress = ({ shards, done, running, waiting }: RunProgress): string =>
  `${done} of ${shards} shards  ${running} running  ${waiting} waiting`;
