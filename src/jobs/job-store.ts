// The contract of a job queue: what it keeps, and which writes need the token of the current lease.
import type { Json } from '../core/hash.ts';
import type { Job, JobError, JobProgress, JobResult, JobState, Lease, Owner, Submission } from './job.ts';

/** Who can share a store: one process, the processes of one machine, or several machines. */
export type StoreReach = 'process' | 'machine' | 'network';

export interface Claim {
  readonly owner: Owner;
  /** Unique per claim: a claim repeated after a lost reply answers the lease it was granted. */
  readonly claimId: string;
  /** Kinds the runner can run. */
  readonly kinds: readonly string[];
}

export interface Checkpoint {
  /** Rises with each checkpoint of a job, over all attempts; 0 before the first. */
  readonly sequence: number;
  /** Undefined before the first checkpoint. */
  readonly value: Json | undefined;
}

export interface ClaimedJob {
  readonly job: Job;
  readonly lease: Lease;
  readonly checkpoint: Checkpoint;
}

export interface Beat {
  readonly progress: JobProgress;
  /** Running time over all attempts. */
  readonly spentMs: number;
}

export type LeaseView = 'held' | 'cancel' | 'lost';

/** A lease as a sweeper sees it: `beat` changes with each renewal, so an observer needs no clock but its own. */
export interface LeaseInUse extends Lease {
  readonly beat: number;
  readonly owner: Owner;
}

export interface JobQuery {
  readonly state?: JobState;
  readonly kind?: string;
  /** Shards of this job; without it, jobs that are no shards. */
  readonly parentId?: string;
  /** Jobs submitted before this position. */
  readonly before?: number;
  /** At most LIMITS.jobPageMax; 100 unless given. */
  readonly limit?: number;
}

export interface JobPage {
  /** Newest first. */
  readonly jobs: readonly Job[];
  /** For the `before` of the next page; undefined on the last. */
  readonly next?: number;
}

/** Jobs in each state, shards not counted. */
export interface JobCounts {
  readonly states: Readonly<Record<JobState, number>>;
  /** When the oldest queued job was submitted, epoch ms UTC; undefined where none is queued. */
  readonly oldestQueuedMs?: number;
}

export interface Retention {
  /** Ended jobs kept, shards not counted. */
  readonly endedMax: number;
}

/**
 * A queue that any number of runners share. Every method may fail with QUEUE_UNREACHABLE, STORE_FULL, STORE_UNWRITABLE or
 * QUEUE_CORRUPT. What a method has answered survives the death of every process; SQL stores also survive a power loss.
 * Methods that take a Lease compare its token in the statement that writes, and fail with LEASE_LOST when the job is not
 * running under that token. `atMs` is wall time, kept for display.
 */
export interface JobStore {
  readonly reach: StoreReach;
  /**
   * Accepts a job, or answers the one that has this id or key already.
   * Errors: REQUEST_INVALID, LIMIT_EXCEEDED, JOB_KEY_REUSED for another request, QUEUE_FULL.
   */
  submit(submission: Submission, atMs: number): Promise<{ readonly job: Job; readonly isNew: boolean }>;
  get(id: string): Promise<Job | undefined>;
  list(query: JobQuery): Promise<JobPage>;
  counts(): Promise<JobCounts>;
  /** Undefined until the job is done. */
  result(id: string): Promise<JobResult | undefined>;

  /** Leases the most urgent job that can run: highest priority, then oldest. A job waits for its shards. */
  claim(claim: Claim, atMs: number): Promise<ClaimedJob | undefined>;
  /** Shows that the attempt is alive and moves. Answers whether somebody asked to cancel. */
  renew(lease: Lease, beat: Beat): Promise<{ readonly cancelRequested: boolean }>;
  /** How these leases stand, in their order; changes nothing. */
  look(leases: readonly Lease[]): Promise<readonly LeaseView[]>;
  /** Keeps `value` for the next attempt. A sequence that is not above the stored one changes nothing. */
  checkpoint(lease: Lease, checkpoint: { readonly sequence: number; readonly value: Json }): Promise<void>;
  /** Makes the result visible and ends the job, in one step. Repeated under the same lease it changes nothing. */
  complete(lease: Lease, result: Json, atMs: number): Promise<void>;
  /** Ends the attempt: the job is queued again when `retry` is set and attempts are left, else it has failed. */
  fail(lease: Lease, failure: { readonly error: JobError; readonly retry: boolean }, atMs: number): Promise<JobState>;
  /** The attempt stopped because somebody asked to cancel. */
  cancel(lease: Lease, atMs: number): Promise<void>;
  /** Hands the job back; the attempt does not count. */
  release(lease: Lease, atMs: number): Promise<void>;
  /** Cuts the job into shards with these requests, and queues it until they have ended. */
  split(lease: Lease, requests: readonly Json[], atMs: number): Promise<void>;

  /** Shards of a job that are not done, and results of those that are, both in their order. */
  shards(id: string): Promise<{ readonly open: readonly Job[]; readonly results: readonly Json[] }>;
  /** Cancels a queued job, asks the owner of a running one to stop. Errors: JOB_NOT_FOUND, JOB_STATE when it has ended. */
  requestCancel(id: string, atMs: number): Promise<Job>;
  /** Queues a failed or cancelled job anew, with its shards that are not done. Errors: JOB_NOT_FOUND, JOB_STATE. */
  retry(id: string): Promise<Job>;

  leases(): Promise<readonly LeaseInUse[]>;
  /**
   * Takes a lease from an owner that is gone: the job is queued again, or cancelled if somebody asked, or parked as failed
   * when its attempts are used up. Answers false, and changes nothing, when the lease was renewed or ended meanwhile.
   */
  expire(lease: LeaseInUse, error: JobError, atMs: number): Promise<boolean>;
  /** Ends open shards of jobs that cannot be merged any more, and forgets the oldest ended jobs beyond retention. */
  tidy(retention: Retention, atMs: number): Promise<void>;
  close(): Promise<void>;
}
