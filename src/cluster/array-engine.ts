// What the driver of a cut sweep asks of a scheduler, whichever it is.

export interface Task {
  readonly index: number;
  /**
   * `waiting`, `running` and `counted` tasks may yet hand something in; `ended` ones do no more. `counted`: of an array that still runs, the
   * scheduler told only how many of its tasks succeeded, and not which.
   */
  readonly state: 'waiting' | 'running' | 'counted' | 'ended';
  /** Of an ended task: its exit code, 128 and more for signals; undefined when the scheduler does not know. */
  readonly exitCode?: number;
  /** In the words of the scheduler: NodeFail, OUT_OF_MEMORY. */
  readonly reason: string;
}

/** An array of tasks under a name. Every method throws ENGINE_UNREACHABLE when the scheduler does not answer. */
export interface ArrayEngine {
  readonly name: string;
  /** Times that a driver starts one task; fewer where the scheduler tries again by itself. LIMITS.shardAttemptsMax when left out. */
  readonly startsMax?: number;
  /** Most tasks of one array. Errors: ENGINE_UNREACHABLE. */
  tasksMax(): Promise<number>;
  /** Starts tasks with these indices. Errors: ENGINE_REFUSED. */
  submit(indices: readonly number[]): Promise<void>;
  /** All tasks that it still knows of, ended ones for some minutes; of several with one index the one that lives. */
  look(): Promise<readonly Task[]>;
  /** Ends what waits and runs; what has ended stays. */
  cancel(): Promise<void>;
  /** Where the output of a task can be read, for error messages. */
  logOf(index: number): string;
}
