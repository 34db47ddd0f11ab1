// The one table of circumstances a user can meet: code, exit code, HTTP status, whether a retry can help.

interface ErrorRow {
  /** Process exit code of the command line. Documented in docs/cli.md. */
  readonly exitCode: number;
  readonly httpStatus: number;
  readonly retryable: boolean;
  /** The rule that was broken, as one sentence. */
  readonly rule: string;
}

const row = (exitCode: number, httpStatus: number, retryable: boolean, rule: string): ErrorRow => ({
  exitCode,
  httpStatus,
  retryable,
  rule,
});

/**
 * Exit codes: 0 done, 1 a bug, 2 wrong usage, 3 bad or missing data, 4 bad strategy, 5 refused by a limit or budget,
 * 6 storage or network trouble, 7 the check found something, 124 deadline reached, 130 cancelled.
 */
export const ERRORS = {
  REQUEST_INVALID: row(2, 400, false, 'A request must name known options with values in range.'),
  PROFILE_UNKNOWN: row(2, 400, false, 'A profile must be one of those listed by `gridmill profiles`.'),
  GRID_INVALID: row(2, 400, false, 'A grid must hold at least one variant that satisfies the constraint.'),
  CANDLES_NOT_FOUND: row(3, 404, false, 'Candles must be a file or a key of the candle store.'),
  CANDLES_INVALID: row(3, 422, false, 'Candles must be finite, positive and consistent (low <= open, close <= high).'),
  CANDLES_NOT_MONOTONE: row(3, 422, false, 'Candle times must rise strictly.'),
  CANDLES_MISALIGNED: row(3, 422, false, 'Candle times must lie on the grid of their timeframe.'),
  CANDLES_GAP: row(3, 422, false, 'Candles must have no gaps when gaps are rejected.'),
  CANDLE_FILE_CORRUPT: row(3, 422, false, 'A stored candle file must match its checksums.'),
  CANDLE_FILE_UNREADABLE: row(3, 422, false, 'A candle file must be in a known format.'),
  WINDOW_EMPTY: row(3, 422, false, 'The window from --from (inclusive) to --to (exclusive) must hold candles.'),
  HISTORY_TOO_SHORT: row(3, 422, false, 'There must be more candles than the warm-up of the indicators.'),
  SIGNALS_INVALID: row(3, 422, false, 'Signals must match the candles bar by bar.'),
  INSTRUMENTS_INVALID: row(3, 422, false, 'A list of instruments must name symbols with steps above 0.'),
  INSTRUMENTS_CORRUPT: row(3, 422, false, 'A stored list of instruments must match its checksum.'),
  TIMEFRAME_INVALID: row(2, 400, false, 'A timeframe must be a count and a unit, such as 1m, 5m, 1h or 1d.'),
  STRATEGY_NOT_FOUND: row(4, 404, false, 'A strategy must be a built-in name or a file.'),
  STRATEGY_INVALID: row(4, 422, false, 'A strategy file must export a strategy made with defineStrategy.'),
  STRATEGY_FAILED: row(4, 422, false, 'Strategy code must not throw.'),
  STRATEGY_FORBIDDEN: row(4, 403, false, 'Strategy code computes from candles; it must leave the machine alone.'),
  MODEL_NOT_FOUND: row(4, 404, false, 'A model must be a file, named from the folder of the strategy file.'),
  MODEL_FORMAT: row(
    4,
    422,
    false,
    'A model must be a LightGBM text file, ridge coefficients as JSON, or an ONNX file.',
  ),
  MODEL_INVALID: row(4, 422, false, 'A model file must be whole and well formed.'),
  MODEL_FEATURES: row(4, 422, false, 'A model must be given as many features as it was trained with, in that order.'),
  MODEL_CHANGED: row(4, 409, false, 'A model file must not change while it is used.'),
  MODEL_FAILED: row(4, 422, false, 'A model must give one number per bar.'),
  MODEL_MEMORY: row(5, 422, false, 'The models of a strategy must fit the memory for models.'),
  LOOK_AHEAD: row(7, 422, false, 'A value at bar i must depend on bars 0..i only.'),
  GRID_TOO_LARGE: row(5, 422, false, 'A grid must stay within the variant limit.'),
  BUDGET_BYTES: row(5, 422, false, 'A run must fit its memory budget.'),
  LIMIT_EXCEEDED: row(5, 422, false, 'Input must stay within the named limit.'),
  RESULT_NOT_FOUND: row(3, 404, false, 'A result must be a file or an id in the result store.'),
  RESULT_CORRUPT: row(3, 422, false, 'A stored result must match its hash.'),
  RESULT_MISMATCH: row(3, 422, false, 'A reproduced row must equal the ranked row.'),
  VARIANT_NOT_FOUND: row(3, 404, false, 'A variant must be one of those listed by `gridmill variants`.'),
  VARIANT_EXISTS: row(2, 409, false, 'A name stands for one variant.'),
  STUDY_NOT_FOUND: row(3, 404, false, 'A study must be one of those listed by `gridmill studies`.'),
  STUDY_MISMATCH: row(2, 409, false, 'A study goes on with the request it was begun with.'),
  STUDY_LOCKED: row(6, 409, true, 'A study is run by one process at a time.'),
  STORE_UNWRITABLE: row(6, 500, false, 'The store folder must be writable.'),
  STORE_UNREADABLE: row(6, 500, true, 'The store folder must be readable.'),
  STORE_FULL: row(6, 507, true, 'The store must stay within its disk limit.'),
  STORE_NOT_EMPTY: row(2, 409, false, 'A backup is restored into an empty store folder.'),
  BACKUP_EXISTS: row(2, 409, false, 'A backup is a new file.'),
  BACKUP_CORRUPT: row(3, 422, false, 'A backup must match its checksums.'),
  PATH_FORBIDDEN: row(2, 403, false, 'Names must stay inside their folder.'),
  DEPENDENCY_MISSING: row(6, 501, false, 'An optional package must be installed for this command.'),
  FETCH_FAILED: row(6, 502, true, 'A download must answer within its limits.'),
  FETCH_FORBIDDEN: row(2, 403, false, 'Downloads go to known exchanges only.'),
  BUSY: row(6, 429, true, 'A service takes as many requests as it has room for.'),
  STOPPING: row(6, 503, true, 'A service that is being stopped computes nothing more.'),
  RATE_LIMITED: row(6, 429, true, 'A token may ask so many times a second.'),
  TOKEN_INVALID: row(2, 401, false, 'A request must carry the token of the service.'),
  HOST_FORBIDDEN: row(2, 403, false, 'A request must name a host that the service answers for.'),
  WORKER_DIED: row(6, 500, true, 'A worker must finish its batch.'),
  JOB_NOT_FOUND: row(3, 404, false, 'A job must be in the queue.'),
  JOB_STATE: row(2, 409, false, 'A job must be in a state that allows the step.'),
  JOB_KEY_REUSED: row(2, 409, false, 'An idempotency key must stand for one request.'),
  JOB_PARKED: row(6, 500, false, 'A job must not bring down the process that runs it.'),
  JOB_FAILED: row(1, 500, false, 'A job must end with a result or a known error.'),
  LEASE_LOST: row(6, 409, false, 'A write about a job must carry the token of its current lease.'),
  QUEUE_FULL: row(5, 429, true, 'Jobs that wait must stay within the named limit.'),
  SHARDS_INCOMPLETE: row(6, 409, true, 'A merge needs every shard of its run.'),
  SHARD_FAILED: row(6, 500, false, 'A shard must end well in a few attempts.'),
  ENGINE_UNREACHABLE: row(6, 503, true, 'The scheduler of a cluster must answer.'),
  ENGINE_REFUSED: row(2, 400, false, 'The scheduler of a cluster must take the job.'),
  IMAGE_FAILED: row(6, 500, false, 'An image must be built and pushed.'),
  NO_CAPACITY: row(6, 503, true, 'The machines of a queue must begin with the tasks that wait in it.'),
  OBJECTS_UNREACHABLE: row(6, 503, true, 'The shared place of a cluster must answer.'),
  OBJECTS_REFUSED: row(6, 500, false, 'The shared place of a cluster must let its objects be read and written.'),
  OBJECT_CORRUPT: row(6, 500, true, 'Bytes of an object must be those that were put.'),
  STACK_NOT_FOUND: row(3, 404, false, 'A stack of CloudFormation must be one of this account and region.'),
  STACK_NOT_READY: row(6, 409, true, 'A stack must be whole and at rest before it is used.'),
  STACK_FAILED: row(6, 500, false, 'A stack must be created, changed or deleted without a failure.'),
  CLOUD_UNREACHABLE: row(6, 503, true, 'AWS must answer.'),
  CLOUD_REFUSED: row(6, 500, false, 'AWS must know who calls, and allow it.'),
  QUEUE_UNREACHABLE: row(6, 503, true, 'The queue database must answer.'),
  QUEUE_CORRUPT: row(6, 500, false, 'The queue database must be whole and the one that was created here.'),
  DEADLINE: row(124, 504, true, 'A run must end by its deadline.'),
  CANCELLED: row(130, 499, true, 'The run was cancelled.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorParts {
  /** What was found, with the numbers and names that disagree. */
  readonly found: string;
  /** What the user can do about it. */
  readonly todo: string;
  readonly cause?: unknown;
  /** Replaces the table's rule where a sharper sentence exists. */
  readonly rule?: string;
}

/** A circumstance with a code of ERRORS. The message states the rule, what was found, and what to do. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly rule: string;
  readonly found: string;
  readonly todo: string;

  constructor(code: ErrorCode, parts: ErrorParts) {
    const rule = parts.rule ?? ERRORS[code].rule;
    super(`${rule} Found: ${parts.found} ${parts.todo}`, { cause: parts.cause });
    this.code = code;
    this.rule = rule;
    this.found = parts.found;
    this.todo = parts.todo;
  }

  get exitCode(): number {
    return ERRORS[this.code].exitCode;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}
