// Candles out of the mirror for one piece of work: those of a request, and those that a computing thread is handed.
import { isAppError } from '../core/errors.ts';
import { keyText } from '../market/candle-key.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import type { CandleMirror, Mirror, MirroredCandles, MirrorSession } from '../mirror/mirror.ts';
import { type CandleContext, type CandleSelection, loadCandles } from '../runs/candle-source.ts';
import { storedKey } from '../runs/stored-candles.ts';
import { openCandleStore } from '../store/candle-store.ts';

export interface WarmCandles {
  readonly candles: MirroredCandles;
  readonly quality: readonly string[];
  /** Lets go of all that was taken. */
  release(): void;
}

/** The candles of a selection, in shared memory and in use until they are released. Errors: those of loadCandles. */
export async function warmCandles(
  selection: CandleSelection,
  mirror: Mirror,
  context: Omit<CandleContext, 'mirror'>,
): Promise<WarmCandles> {
  const session = mirror.session();
  try {
    const seen: MirroredCandles[] = [];
    const loaded = await loadCandles(selection, { ...context, mirror: watched(session, seen) });
    const candles = seen.find((one) => one.candles === loaded.candles) ?? session.put(loaded.candles);
    return { candles, quality: loaded.quality, release: session.release };
  } catch (error) {
    session.release();
    throw error;
  }
}

function watched({ get, put }: MirrorSession, seen: MirroredCandles[]): CandleMirror {
  const note = (taken: MirroredCandles): MirroredCandles => {
    seen.push(taken);
    return taken;
  };
  return { get: (key) => note(get(key)), put: (candles) => note(put(candles)) };
}

/** The stored series that a selection is served from, and the hash of its content; undefined where there is no one such. */
export function storedContent(
  { data, timeframe }: CandleSelection,
  storeRoot: string,
): { readonly key: string; readonly contentHash: string } | undefined {
  try {
    const store = openCandleStore(storeRoot);
    const key = storedKey(data, timeframe === undefined ? undefined : parseTimeframe(timeframe), store);
    const contentHash = key && store.describe(key)?.header?.contentHash;
    return key === undefined || contentHash === undefined ? undefined : { key: keyText(key), contentHash };
  } catch (error) {
    // Whoever computes says what is wrong.
    if (isAppError(error)) return undefined;
    throw error;
  }
}

/**
 * Candles for a thread that would read them itself otherwise; undefined where the mirror has no room for them or is
 * behind the store: a computation sees what is stored when it begins.
 */
export function handedCandles(
  stored: { readonly key: string; readonly contentHash: string } | undefined,
  mirror: Mirror,
): { readonly candles: MirroredCandles; release(): void } | undefined {
  if (stored === undefined) return undefined;
  try {
    const { release, ...candles } = mirror.acquire(stored.key);
    if (candles.contentHash === stored.contentHash) return { candles, release };
    release();
    return undefined;
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
