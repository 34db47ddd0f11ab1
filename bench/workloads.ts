// Every workload of the benchmarks, in the order they run.
import { p1 } from './p1-dual-sma.ts';
import { p2 } from './p2-sma-metrics.ts';
import { p5 } from './p5-risk-grid.ts';
import { p6 } from './p6-conditions.ts';
import { p8 } from './p8-workers.ts';
import { p9 } from './p9-memory.ts';
import { p11 } from './p11-data.ts';
import { p12 } from './p12-estimate.ts';
import { PEER_WORKLOADS } from './peer-workloads.ts';
import { p3, p4 } from './single-run.ts';
import type { Workload } from './workload.ts';

export const WORKLOADS: readonly Workload[] = [p1, ...PEER_WORKLOADS, p2, p3, p4, p5, p6, p8, p9, p11, p12];
