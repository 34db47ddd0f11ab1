// What a monitor reads: requests and their times, computations, workers, candles, answers, and how the process feels.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';
import { createProcessMeasures } from '../process-measures.ts';
import { createHistogram, Exposition } from '../prometheus.ts';
import type { RouteContext } from '../surroundings.ts';

const BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60];
const LAG_RESOLUTION_MS = 10;
const NS_PER_S = 1e9;
const QUEUE_MS_MAX = 1_000;

/** Counts what is asked of `server` from now on, and answers it at /metrics. */
export function metricsRoutes(server: FastifyInstance, context: RouteContext): void {
  const requests = createHistogram(BOUNDS);
  const ofProcess = createProcessMeasures(context);
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  lag.enable();
  server.addHook('onResponse', async (request, reply) => {
    // Routes as they are declared: what is asked for in place of them must not make series without end.
    const { url: route = 'none' } = request.routeOptions;
    const labels = { method: request.method, route, status: String(reply.statusCode) };
    requests.observe(labels, reply.elapsedTime / 1000);
  });
  server.addHook('onClose', async () => void lag.disable());
  server.get(
    '/metrics',
    { schema: { summary: 'Measures for Prometheus', produces: ['text/plain'] } },
    async (_, reply) => {
      const out = new Exposition();
      out.histogram('gridmill_http_request_seconds', 'Time to answer, by route.', BOUNDS, requests);
      out.gauge('gridmill_info', 'The engine version.', [{ labels: { version: context.engineVersion }, value: 1 }]);
      ofMachine(out, context);
      await ofJobs(out, context);
      ofWorkers(out, context);
      ofMirror(out, context);
      ofAnswers(out, context);
      // What the histogram holds is from turn to turn: beyond the pause that was asked for it is lag.
      const seconds = (ns: number): number =>
        Number.isFinite(ns) ? Math.max(0, ns / NS_PER_S - LAG_RESOLUTION_MS / 1000) : 0;
      out.gauge('gridmill_event_loop_lag_seconds', 'How late the event loop was, since the last look.', [
        ...[50, 90, 99].map((percent) => ({
          labels: { quantile: String(percent / 100) },
          value: seconds(lag.percentile(percent)),
        })),
        { labels: { quantile: '1' }, value: seconds(lag.max) },
      ]);
      lag.reset();
      out.gauge('gridmill_resident_bytes', 'Resident memory of the process.', context.residentBytes());
      ofProcess(out);
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(out.text());
    },
  );
}

function ofMachine(out: Exposition, { machine }: RouteContext): void {
  const { running, waiting, threadsBusy, threads, bytesGranted, bytes } = machine.status();
  out.gauge('gridmill_computations_running', 'Computations that have room.', running);
  out.gauge('gridmill_computations_waiting', 'Computations that wait for room.', waiting);
  out.gauge('gridmill_threads_busy', 'Scoring threads granted.', threadsBusy);
  out.gauge('gridmill_threads', 'Scoring threads there are.', threads);
  out.gauge('gridmill_granted_bytes', 'Memory granted to computations.', bytesGranted);
  out.gauge('gridmill_budget_bytes', 'Memory that computations may take together.', bytes);
}

/** A queue that does not answer must not take the other measures away. */
async function ofJobs(out: Exposition, { desk, clock }: RouteContext): Promise<void> {
  if (desk === undefined) return;
  const counts = await soon(desk.store.counts());
  out.gauge('gridmill_queue_reachable', 'Whether the queue of jobs answers.', Number(counts !== undefined));
  const states = Object.entries(counts?.states ?? {});
  out.gauge(
    'gridmill_jobs',
    'Jobs of the queue by state; ended ones are forgotten after a while.',
    states.map(([state, value]) => ({ labels: { state }, value })),
  );
  const since = counts?.oldestQueuedMs;
  const waitsMs = since === undefined ? 0 : Math.max(0, clock.wallMs() - since);
  out.gauge(
    'gridmill_jobs_oldest_wait_seconds',
    'Since when the oldest queued job is there.',
    counts === undefined ? null : waitsMs / 1000,
  );
}

/** Undefined for what fails, or takes longer than a monitor should wait. */
async function soon<T>(work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, QUEUE_MS_MAX, undefined);
  });
  try {
    return await Promise.race([work.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Null while nothing was looked for. */
const share = (hits: number, misses: number): number | null => (hits + misses === 0 ? null : hits / (hits + misses));

function ofWorkers(out: Exposition, { warm }: RouteContext): void {
  const status = warm.workers.status();
  out.gauge('gridmill_pool_workers', 'Workers of the turbo pool.', [
    { labels: { state: 'expected' }, value: status.expected },
    { labels: { state: 'online' }, value: status.online },
    { labels: { state: 'busy' }, value: status.busy },
  ]);
  out.counter('gridmill_pool_restarts_total', 'Workers started in place of dead ones.', status.restarts);
  out.counter('gridmill_pool_recycled_total', 'Workers replaced in their turn.', status.recycled);
  out.counter('gridmill_pool_runs_total', 'Configurations with an outcome.', status.runs);
  out.counter('gridmill_pool_failed_runs_total', 'Configurations that failed.', status.failed);
  out.gauge('gridmill_pool_configurations_in_flight', 'Configurations at a worker.', status.configurationsInFlight);
  out.gauge('gridmill_pool_configurations_waiting', 'Configurations at no worker yet.', status.configurationsWaiting);
  out.gauge('gridmill_pool_setups_open', 'Setups kept open.', status.setupsOpen);
  out.gauge('gridmill_pool_useful_share', 'Time inside scoring by time of all workers.', status.usefulShare);
  const memory = status.memory.map(({ number, heapBytes, externalBytes }) => ({
    labels: { worker: String(number) },
    value: heapBytes + externalBytes,
  }));
  out.gauge('gridmill_pool_worker_bytes', 'Memory that a worker holds by its own count.', memory);
}

function ofMirror(out: Exposition, { warm }: RouteContext): void {
  const { entries, bytes, bytesMax, pinnedBytes, hits, misses, evictions } = warm.mirror.status();
  out.gauge('gridmill_mirror_series', 'Series in the candle mirror.', entries);
  out.gauge('gridmill_mirror_bytes', 'Candles in the mirror.', bytes);
  out.gauge('gridmill_mirror_pinned_bytes', 'Candles in the mirror that are in use.', pinnedBytes);
  out.gauge('gridmill_mirror_budget_bytes', 'Candles that the mirror may hold.', bytesMax);
  out.counter('gridmill_mirror_hits_total', 'Candles served from memory.', hits);
  out.counter('gridmill_mirror_misses_total', 'Candles read first.', misses);
  out.gauge('gridmill_mirror_hit_share', 'Of all candles asked for, those served from memory.', share(hits, misses));
  out.counter('gridmill_mirror_evictions_total', 'Series let go for others.', evictions);
}

function ofAnswers(out: Exposition, { warm }: RouteContext): void {
  const { entries, bytes, hits, remoteHits, misses, remoteReachable } = warm.answers.status();
  out.gauge('gridmill_cache_entries', 'Answers kept.', entries);
  out.gauge('gridmill_cache_bytes', 'Memory of the answers kept.', bytes);
  out.counter('gridmill_cache_lookups_total', 'Answers looked for.', [
    { labels: { result: 'hit' }, value: hits },
    { labels: { result: 'shared' }, value: remoteHits },
    { labels: { result: 'miss' }, value: misses },
  ]);
  const all = hits + remoteHits;
  out.gauge('gridmill_cache_hit_share', 'Of all answers looked for, those that were kept.', share(all, misses));
  if (remoteReachable !== null) {
    out.gauge('gridmill_cache_shared_reachable', 'Whether the shared store answers.', Number(remoteReachable));
  }
}
