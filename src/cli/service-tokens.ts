// The tokens of the service from the environment: one, or several with the names of their users. Never from a file.
import { HTTP_LIMITS } from '../api/limits.ts';
import { NAME } from '../api/schemas.ts';
import { AppError } from '../core/errors.ts';

/** The user of GRIDMILL_TOKEN. */
const SINGLE = 'token';

/**
 * Users to tokens: GRIDMILL_TOKENS has `name:token` separated by commas, GRIDMILL_TOKEN one of the user "token". Errors:
 * REQUEST_INVALID, which names the place and never says anything of a token.
 */
export function readTokens({
  GRIDMILL_TOKEN: single = '',
  GRIDMILL_TOKENS: several = '',
}: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const tokens = new Map<string, string>(single === '' ? [] : [[SINGLE, single]]);
  const entries = several.trim() === '' ? [] : several.split(',');
  for (const [i, entry] of entries.entries()) {
    const at = entry.indexOf(':');
    const name = entry.slice(0, Math.max(0, at)).trim();
    const token = entry.slice(at + 1).trim();
    const place = `entry ${i + 1} of GRIDMILL_TOKENS`;
    if (at < 0 || !new RegExp(NAME).test(name)) throw invalid(`${place} without a name.`);
    const { tokenLengthMin: min, tokenLengthMax: max } = HTTP_LIMITS;
    if (!/^[!-~]+$/.test(token) || token.length < min || token.length > max) {
      throw invalid(`${place} (${name}) with a token that has not ${min} to ${max} characters without blanks.`);
    }
    if (tokens.has(name)) throw invalid(`${place} with the name ${name}, which is taken.`);
    if ([...tokens.values()].includes(token)) throw invalid(`${place} (${name}) with the token of another user.`);
    tokens.set(name, token);
  }
  if (tokens.size > HTTP_LIMITS.tokensMax)
    throw invalid(`${tokens.size} tokens; the limit is ${HTTP_LIMITS.tokensMax}.`);
  return Object.fromEntries(tokens);
}

const invalid = (found: string): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'GRIDMILL_TOKENS has a name and a token for each user: name:token,name:token.',
    found,
    todo: 'Correct it; openssl rand -hex 24 makes a token.',
  });
