// Functions that refuse: each answers as the one it replaces would have, by a throw, a rejection or a callback.
import type { AppError } from '../core/errors.ts';
import { siteAbove } from './call-site.ts';

/** Captured: whoever replaced it later would be handed the functions that are guarded. */
const { apply } = Reflect;

type AnyFunction = (this: unknown, ...args: readonly unknown[]) => unknown;

/** How a function gives its errors: at the call, by a promise, or to the callback that comes last. */
export type Manner = 'throws' | 'rejects' | 'calls-back';

/** Replaces a member where there is one that can be replaced. Inherited ones are covered. */
export function replace(target: object, name: string, value: unknown): void {
  if (!(name in target)) return;
  const known = Object.getOwnPropertyDescriptor(target, name);
  if (known?.configurable === false && known.writable !== true) return;
  const { enumerable = true, configurable = true } = known ?? {};
  Object.defineProperty(target, name, { value, enumerable, configurable, writable: true });
}

/** Delivers `error` in the manner of the call. A call without callback can only throw. */
export function refuse(error: AppError, manner: Manner, args: readonly unknown[]): unknown {
  if (manner === 'rejects') return Promise.reject(error);
  const callback = args.at(-1);
  if (manner === 'throws' || typeof callback !== 'function') throw error;
  queueMicrotask(() => void apply(callback, undefined, [error]));
  return undefined;
}

/** A function that always refuses, naming the place of the call; `new` in front of it throws. */
export function denier(manner: Manner, errorOf: (args: readonly unknown[], site: string) => AppError): AnyFunction {
  return function denied(...args) {
    return refuse(errorOf(args, siteAbove(denied)), new.target === undefined ? manner : 'throws', args);
  };
}

/** A function that runs only while `check` finds nothing. */
export function guarded(
  original: AnyFunction,
  manner: Manner,
  check: (args: readonly unknown[], caller: AnyFunction) => AppError | undefined,
): AnyFunction {
  return function guard(this: unknown, ...args) {
    const error = check(args, guard);
    return error === undefined ? apply(original, this, args) : refuse(error, manner, args);
  };
}

/** What a call was about, for people: its first argument that names a path, a host or a command. */
export function subject(args: readonly unknown[]): string {
  const [first, second] = args;
  if (typeof first === 'string' || first instanceof URL || Buffer.isBuffer(first)) return ` ${String(first)}`;
  if (typeof first === 'number') return ` ${typeof second === 'string' ? `${second}:` : ''}${first}`;
  const { hostname, host, path, port, url } = (typeof first === 'object' && first !== null ? first : {}) as Record<
    string,
    unknown
  >;
  const name = url ?? hostname ?? host ?? path;
  return name === undefined && port === undefined
    ? ''
    : ` ${[name, port].filter((part) => part !== undefined).join(':')}`;
}
