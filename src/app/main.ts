// The process: makes the host from the environment and hands the arguments to the command line.
import { runCli } from '../cli/run-cli.ts';
import { createHost } from './process-host.ts';
import { endOnStrayPromise } from './stray-promise.ts';

const host = createHost();
const argv = process.argv.slice(2);
endOnStrayPromise(argv, host);
process.exitCode = await runCli(argv, host);
