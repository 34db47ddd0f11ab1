// Every workload of the benchmarks, in the order they run.
import { p1 } from './p1-dual-sma.ts';
import { PEER_WORKLOADS } from './peer-workloads.ts';
import type { Workload } from './workload.ts';

export const WORKLOADS: readonly Workload[] = [p1, ...PEER_WORKLOADS];
