// Whether AWS Batch gives a failed attempt another one, as its documentation has it.
import type { EvaluateOnExit, RetryStrategy } from '@aws-sdk/client-batch';

/** How an attempt ended. A host that went away leaves neither exit code nor reason. */
export interface AttemptEnd {
  readonly exitCode?: number;
  /** Of the container: `OutOfMemoryError: …`, `CannotPullContainerError: …`. */
  readonly reason?: string;
  /** Of the task: `Essential container in task exited`, `Host EC2 (instance …) terminated.` */
  readonly statusReason: string;
}

/**
 * The first rule whose conditions all hold decides; an attempt that no rule speaks of is tried again. Whoever calls this has ruled out what is
 * never tried again: jobs that were cancelled or terminated, and attempts that took too long.
 */
export function isRetried(strategy: RetryStrategy | undefined, attempt: number, end: AttemptEnd): boolean {
  if (attempt >= (strategy?.attempts ?? 1)) return false;
  const rule = strategy?.evaluateOnExit?.find((one) => holds(one, end));
  return rule === undefined || rule.action!.toUpperCase() === 'RETRY';
}

function holds({ onExitCode, onReason, onStatusReason }: EvaluateOnExit, end: AttemptEnd): boolean {
  return (
    (onExitCode === undefined || (end.exitCode !== undefined && matches(onExitCode, String(end.exitCode)))) &&
    (onReason === undefined || matches(onReason, end.reason ?? '')) &&
    (onStatusReason === undefined || matches(onStatusReason, end.statusReason))
  );
}

/** An asterisk stands at the end alone: what is before it begins the text. */
const matches = (glob: string, text: string): boolean =>
  glob.endsWith('*') ? text.startsWith(glob.slice(0, -1)) : text === glob;
