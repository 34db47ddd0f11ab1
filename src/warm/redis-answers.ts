// Answers in Redis or Valkey, shared by several services. Its loss is said once and costs answers computed anew, nothing else.
import { AppError } from '../core/errors.ts';
import type { RemoteAnswers } from './answers.ts';
import { WARM_LIMITS } from './limits.ts';

const PREFIX = 'gridmill:answer:';

/**
 * Connects in the background. `url` may hold a password and is never said.
 * Errors: DEPENDENCY_MISSING, REQUEST_INVALID for what is no address of a server.
 */
export async function connectRedis(url: string, onNote: (note: string) => void): Promise<RemoteAnswers> {
  const { createClient } = await loadPackage();
  const client = create(() =>
    createClient({
      url,
      // Without a connection commands fail at once instead of waiting for one.
      disableOfflineQueue: true,
      commandsQueueMaxLength: WARM_LIMITS.remoteCommandsMax,
      socket: {
        connectTimeout: WARM_LIMITS.remotePauseMs,
        reconnectStrategy: () => WARM_LIMITS.remotePauseMs,
      },
    }),
  );
  let isLost = false;
  let isPaused = false;
  const lose = (): void => {
    if (!isLost) onNote('The shared store of answers does not answer: answers are kept in this process alone.');
    isLost = true;
  };
  client.on('error', lose);
  const find = (): void => {
    if (isLost) onNote('The shared store of answers answers again.');
    isLost = false;
  };
  client.on('ready', find);
  // It goes on trying by itself; a first failure is heard as an error event.
  client.connect().catch(lose);
  const quietly = async <T>(ask: () => Promise<T>): Promise<T | undefined> => {
    if (!client.isReady || isPaused) return undefined;
    try {
      const answered = await inTime(ask());
      find();
      return answered;
    } catch {
      // A server that hangs keeps its connection: it is left alone for a while, so that few requests wait for it.
      isPaused = true;
      setTimeout(() => {
        isPaused = false;
      }, WARM_LIMITS.remotePauseMs).unref();
      lose();
      return undefined;
    }
  };
  return {
    get: async (key) => (await quietly(() => client.get(PREFIX + key))) ?? undefined,
    set: async (key, text, ttlMs) => void (await quietly(() => client.set(PREFIX + key, text, { PX: ttlMs }))),
    isReachable: () => client.isReady && !isLost,
    close: async () => {
      if (client.isOpen) client.destroy();
    },
  };
}

/** The client's own limit ends when a command is sent. */
function inTime<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('no answer in time')), WARM_LIMITS.remoteMsMax);
    answer.then(resolve, reject).finally(() => clearTimeout(late));
  });
}

async function loadPackage() {
  try {
    return await import('@redis/client');
  } catch (cause) {
    throw new AppError('DEPENDENCY_MISSING', {
      found: 'no package @redis/client.',
      todo: 'Run npm install @redis/client@6, or leave cache.redis_url out.',
      cause,
    });
  }
}

function create<Client>(make: () => Client): Client {
  try {
    return make();
  } catch {
    throw new AppError('REQUEST_INVALID', {
      rule: 'cache.redis_url must be the address of a Redis or Valkey server.',
      found: 'something else.',
      todo: 'Write for example redis://localhost:6379.',
    });
  }
}
