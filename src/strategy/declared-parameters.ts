// Parameters as a strategy's own code reads them: names that nobody declared are refused.
import { AppError } from '../core/errors.ts';
import type { ParameterValues } from './parameters.ts';

/**
 * The parameters, on a prototype that refuses names nobody declared: a misspelt one would be `undefined`, and the
 * function would compute something else without a word. Declared ones are read as from any object, without a trap.
 * Reading another name throws STRATEGY_INVALID.
 */
export function declaredOnly(strategyName: string, reader: string, parameters: ParameterValues): ParameterValues {
  const refuse = new Proxy(Object.prototype, {
    get(target, name) {
      if (typeof name === 'symbol' || name in target || name === 'toJSON') return Reflect.get(target, name);
      throw new AppError('STRATEGY_INVALID', {
        rule: 'A strategy must be complete and well named.',
        found: `the parameter "${name}" in ${reader} of ${strategyName}.`,
        todo: `Declared are ${Object.keys(parameters).join(', ') || 'none'}.`,
      });
    },
  });
  return Object.freeze(Object.assign(Object.create(refuse) as ParameterValues, parameters));
}
