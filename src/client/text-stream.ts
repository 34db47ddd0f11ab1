// Reads a body that comes in pieces: as blocks of text up to a mark, with a bound on their length and on silence.
import { GridmillError } from './gridmill-error.ts';
import { CLIENT_LIMITS } from './limits.ts';

export interface StreamBounds {
  /** Milliseconds without a byte until the stream counts as broken. */
  readonly silenceMs: number;
}

/**
 * The text between marks as it comes; what follows the last mark is no block. Leaving the loop gives the body up. Errors:
 * STREAM_BROKEN for silence, for a block without end, and for a connection that breaks.
 */
export async function* blocksOf(
  body: ReadableStream<Uint8Array>,
  mark: RegExp,
  { silenceMs }: StreamBounds,
): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await within(silenceMs, reader.read());
      if (done) break;
      rest += decoder.decode(value, { stream: true });
      const blocks = rest.split(mark);
      rest = blocks.pop()!;
      if (rest.length > CLIENT_LIMITS.streamTextMax) throw broken('a piece of it has no end.');
      yield* blocks;
    }
    isOver = true;
  } finally {
    if (!isOver) void reader.cancel().catch(() => undefined);
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(broken(`nothing came for ${ms / 1000} s.`)), ms);
  });
  try {
    return await Promise.race([work, silence]);
  } catch (error) {
    if (error instanceof GridmillError || (error as Error).name === 'AbortError') throw error;
    throw broken((error as Error).message, error);
  } finally {
    clearTimeout(timer);
  }
}

export const broken = (why: string, cause?: unknown): GridmillError =>
  new GridmillError({ code: 'STREAM_BROKEN', message: `The stream broke: ${why}`, retryable: true, cause });
