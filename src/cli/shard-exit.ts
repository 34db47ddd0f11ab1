// Exit codes of shards: what a scheduler decides by whether to try again.
import { type AppError, isAppError } from '../core/errors.ts';
import type { ExitCode } from './command.ts';
import type { Host } from './host.ts';
import { reportError } from './report-error.ts';

/** Of sysexits.h, and understood alike by Slurm, AWS Batch and Kubernetes. */
export const EXIT = { permanent: 64, tryAgain: 75 } as const;

/** A disk that another machine does not have. */
const ofThisMachine = ({ code }: AppError): boolean => code === 'STORE_UNWRITABLE';

export const exitOf = (error: unknown): 64 | 75 =>
  isAppError(error) && (error.retryable || ofThisMachine(error)) ? EXIT.tryAgain : EXIT.permanent;

/** Runs `work`; an error is told and becomes an exit code. */
export async function withExits(host: Host, work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    reportError(error, host, { json: false, debug: false });
    return exitOf(error);
  }
}
