// Progress on stderr: one line that rewrites itself on a terminal, a plain line every few seconds in a pipe.
import type { Clock } from '../core/clock.ts';
import type { TextOutput } from './host.ts';

const TERMINAL_EVERY_MS = 100;
const PIPE_EVERY_MS = 5_000;

export interface ProgressLine {
  /** Shows `text`, unless the last one was shown a moment ago. */
  update(text: () => string): void;
  /** Removes the line from a terminal. Call before any other output. */
  clear(): void;
}

export function createProgressLine(output: TextOutput, clock: Clock): ProgressLine {
  const everyMs = output.isTty ? TERMINAL_EVERY_MS : PIPE_EVERY_MS;
  // The first line of a pipe also waits, so that quick work stays silent there.
  let shownAt = output.isTty ? Number.NEGATIVE_INFINITY : clock.monotonicMs();
  let onScreen = false;
  return {
    update(text) {
      const now = clock.monotonicMs();
      if (now - shownAt < everyMs) return;
      shownAt = now;
      if (!output.isTty) {
        output.write(`${text()}\n`);
        return;
      }
      output.write(`\r\x1b[2K${text().slice(0, Math.max(20, output.columns - 1))}`);
      onScreen = true;
    },
    clear() {
      if (onScreen) output.write('\r\x1b[2K');
      onScreen = false;
    },
  };
}

/** Prints a sentence to stderr, past the progress line. */
export function note(progress: ProgressLine, { stderr }: { readonly stderr: TextOutput }): (text: string) => void {
  return (text) => {
    progress.clear();
    stderr.write(`note: ${text}\n`);
  };
}

/** Items per second and the time left, from what was done since the start; empty while there is nothing to tell. */
export function rateAndEta(done: number, total: number | undefined, elapsedMs: number): string {
  if (done === 0 || elapsedMs < 300) return '';
  const perSecond = (done / elapsedMs) * 1_000;
  const rate = `${(perSecond >= 10 ? Math.round(perSecond) : Number(perSecond.toFixed(1))).toLocaleString('en')}/s`;
  if (total === undefined || total <= done) return rate;
  return `${rate}  ETA ${clockText(((total - done) / perSecond) * 1_000)}`;
}

/** `35 s`, `4:05`, `2:10:00`. */
function clockText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 100) return `${seconds} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
