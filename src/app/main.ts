// The process: makes the host from the environment and hands the arguments to the command line.
import { runCli } from '../cli/run-cli.ts';
import { createHost } from './process-host.ts';

process.exitCode = await runCli(process.argv.slice(2), createHost());
