// Options that a command was given but could not obey are refused instead of being ignored.
import type { Command } from 'commander';
import { AppError } from '../core/errors.ts';

/** The flags of options that the user wrote, by the names under which their values are read. */
function givenFlags(command: Command): Map<string, string> {
  const given = new Map<string, string>();
  for (const option of command.options) {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== 'cli') continue;
    // --no-x shares its name with --x; the value tells which of the two was written.
    const negated = command.getOptionValue(name) === false;
    if (option.negate === negated || !given.has(name)) given.set(name, option.long ?? option.flags);
  }
  return given;
}

/** Refuses every option given that `fits` does not accept. Errors: REQUEST_INVALID naming them. */
export function refuseOptions(
  command: Command,
  fits: (name: string) => boolean,
  { rule, todo }: { readonly rule: string; readonly todo: string },
): void {
  const strangers = [...givenFlags(command)].filter(([name]) => !fits(name)).map(([, flag]) => flag);
  if (strangers.length > 0) throw new AppError('REQUEST_INVALID', { rule, found: `${strangers.join(', ')}.`, todo });
}
