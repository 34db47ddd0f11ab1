// Where in the user's files a call stands.

/** `file:line:column` of what called `caller`: lines of the user's file where source maps are on. */
export function siteAbove(caller: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, caller);
  const frame = /\n\s+at (?:.*? \()?(?:file:\/\/)?(\S+?:\d+:\d+)\)?(?:\n|$)/.exec(holder.stack ?? '');
  return frame === null ? 'an unknown place' : decodeURI(frame[1]!);
}
