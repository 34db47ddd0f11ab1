// Starts `gridmill serve` in a child process and hands out a client of it.
import type { ChildProcess } from 'node:child_process';
import { type Client, createClient } from '../../src/client/client.ts';
import type { CliResult, Workplace } from './cli-harness.ts';

export interface RunningService {
  readonly url: string;
  readonly client: Client;
  readonly child: ChildProcess;
  readonly ended: Promise<CliResult>;
  /** What it printed before it answered. */
  readonly said: string;
  /** Ends it with SIGTERM and answers how it ended. */
  stop(): Promise<CliResult>;
}

export async function startService(workplace: Workplace, ...options: readonly string[]): Promise<RunningService> {
  const { child, ended } = workplace.start(['serve', '--port', '0', ...options]);
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.on('data', (text: string) => {
      said += text;
      const found = /answers at (http:\S+) [^\n]*\n[^\n]*\n/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    ended.then(({ stderr }) => reject(new Error(`it ended: ${stderr}`)), reject);
  });
  return {
    url,
    client: createClient({ url }),
    child,
    ended,
    said,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
