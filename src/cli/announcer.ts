// What long-running commands say of themselves: a line for people, or with GRIDMILL_LOG=json one JSON object a line, like all other lines of their logs.
import type { Host } from './host.ts';

/** The level of information in the numbers that log lines of requests have. */
const INFO = 30;

export function createAnnouncer({ environment, clock, stdout }: Pick<Host, 'environment' | 'clock' | 'stdout'>) {
  const isJson = environment['GRIDMILL_LOG'] === 'json';
  return (text: string): void => {
    const line = isJson ? JSON.stringify({ level: INFO, time: clock.wallMs(), msg: text.trim() }) : text;
    stdout.write(`${line}\n`);
  };
}
