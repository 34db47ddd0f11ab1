// What happens to jobs as numbered events: one look at the store per job that somebody watches, whoever runs it.
import type { Clock } from '../core/clock.ts';
import { isEnded, type Job } from '../jobs/job.ts';
import type { JobStore } from '../jobs/job-store.ts';
import { progressView } from './job-view.ts';
import { HTTP_LIMITS } from './limits.ts';

export interface JobEvent {
  /** Rises within one feed; feeds of other processes and times have another beginning. */
  readonly id: string;
  /** `state` when the job changed hands or ended, else `progress`. Each tells all there is: none needs those before it. */
  readonly name: 'state' | 'progress';
  readonly data: object;
  readonly isLast: boolean;
}

export interface JobFeeds {
  /** Calls `onEvent` with the events after `lastId`, or with how things stand where it is not known; then with each new one. */
  watch(job: Job, lastId: string | undefined, onEvent: (event: JobEvent) => void): () => void;
  close(): void;
}

interface Feed {
  readonly begin: string;
  readonly events: JobEvent[];
  readonly listeners: Set<(event: JobEvent) => void>;
  readonly pace: Pace;
  count: number;
  seen: string;
  timer: NodeJS.Timeout;
  idleMs: number;
}

const LOOK_MS = 500;
/** A feed that nobody listens to is kept so long, for those who come back. */
const KEPT_MS = 30_000;

export function createJobFeeds(store: Pick<JobStore, 'get'>, clock: Clock): JobFeeds {
  const feeds = new Map<string, Feed>();

  const end = (id: string): void => {
    clearTimeout(feeds.get(id)?.timer);
    feeds.delete(id);
  };
  const take = (feed: Feed, job: Job): void => {
    const { id, state, attempts, cancelRequested, token } = job;
    const status = JSON.stringify([state, attempts, cancelRequested, token]);
    const seen = `${status}${JSON.stringify(job.progress)}`;
    if (seen === feed.seen) return;
    const name = feed.seen.startsWith(status) ? 'progress' : 'state';
    feed.seen = seen;
    const pace = feed.pace.take(job, clock.monotonicMs());
    const data = {
      id,
      state,
      attempts,
      cancelRequested,
      ...progressView(job),
      ...pace,
      error: job.error ?? null,
    };
    const event: JobEvent = { id: `${feed.begin}.${++feed.count}`, name, data, isLast: isEnded(state) };
    feed.events.push(event);
    if (feed.events.length > HTTP_LIMITS.jobEventsKept) feed.events.shift();
    for (const tell of [...feed.listeners]) tell(event);
  };
  const look = async (id: string, feed: Feed): Promise<void> => {
    try {
      const job = await store.get(id);
      if (feeds.get(id) !== feed) return;
      if (job !== undefined) take(feed, job);
      const isOver = job === undefined || isEnded(job.state);
      feed.idleMs = feed.listeners.size > 0 ? 0 : feed.idleMs + LOOK_MS;
      if (isOver || feed.idleMs > KEPT_MS) {
        end(id);
        return;
      }
    } catch {
      // The store does not answer: those who listen hear the heartbeat meanwhile.
    }
    if (feeds.get(id) === feed) feed.timer = setTimeout(() => void look(id, feed), LOOK_MS);
  };

  const open = (job: Job): Feed => {
    const feed: Feed = {
      begin: clock.wallMs().toString(36),
      events: [],
      listeners: new Set(),
      pace: createPace(),
      count: 0,
      seen: '',
      idleMs: 0,
      timer: setTimeout(() => void look(job.id, feed), LOOK_MS),
    };
    feeds.set(job.id, feed);
    return feed;
  };

  return {
    watch(job, lastId, onEvent) {
      const feed = feeds.get(job.id) ?? open(job);
      take(feed, job);
      const at = feed.events.findIndex(({ id }) => id === lastId);
      for (const event of at < 0 ? feed.events.slice(-1) : feed.events.slice(at + 1)) onEvent(event);
      feed.listeners.add(onEvent);
      if (isEnded(job.state)) end(job.id);
      return () => feed.listeners.delete(onEvent);
    },
    close() {
      for (const id of [...feeds.keys()]) end(id);
    },
  };
}

interface Pace {
  /** Variants per second over the last seconds, and how long the rest of the stage takes at that; null while unknown. */
  take(job: Job, nowMs: number): { readonly perSecond: number | null; readonly secondsLeft: number | null };
}

const PACE_MS = 10_000;

function createPace(): Pace {
  let part = '';
  let samples: { readonly atMs: number; readonly done: number }[] = [];
  return {
    take({ token, state, progress: { done, total, stage } }, nowMs) {
      if (part !== `${token} ${stage}`) samples = [];
      part = `${token} ${stage}`;
      samples = [...samples.filter(({ atMs }) => nowMs - atMs <= PACE_MS), { atMs: nowMs, done }];
      const [first] = samples;
      const seconds = (nowMs - first!.atMs) / 1000;
      const perSecond = seconds > 0 && done > first!.done ? (done - first!.done) / seconds : null;
      return {
        perSecond,
        secondsLeft: perSecond === null || total === 0 || isEnded(state) ? null : Math.max(0, total - done) / perSecond,
      };
    },
  };
}
