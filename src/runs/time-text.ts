// Times as people write them on the command line, to epoch milliseconds UTC.
import { AppError } from '../core/errors.ts';
import { isoMs } from '../feeds/iso-time.ts';

/**
 * `2024`, `2024-03`, `2024-03-01`, `2024-03-01T12:00`, with or without zone (UTC without), or epoch milliseconds.
 * Errors: REQUEST_INVALID naming `option`.
 */
export function parseTime(option: string, text: string): number {
  const trimmed = text.trim();
  if (/^\d{11,14}$/.test(trimmed)) return Number(trimmed);
  const filled = /^\d{4}$/.test(trimmed)
    ? `${trimmed}-01-01`
    : /^\d{4}-\d\d$/.test(trimmed)
      ? `${trimmed}-01`
      : trimmed;
  const bytes = Buffer.from(filled);
  const timeMs = isoMs(bytes, 0, bytes.length, { naive: false });
  if (Number.isFinite(timeMs)) return timeMs;
  throw new AppError('REQUEST_INVALID', {
    rule: `${option} must be a time in ISO 8601.`,
    found: `"${text}".`,
    todo: 'Write for example 2024-01-01 or 2024-01-01T12:00Z; without a zone it is UTC.',
  });
}
