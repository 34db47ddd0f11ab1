// The shape of a subcommand, and how its action is run.
import type { Command } from 'commander';
import type { Host } from './host.ts';

/** Exit code of a finished action; undefined means 0. */
export type ExitCode = number | undefined;

export interface CommandContext {
  readonly host: Host;
  /** Wraps an action so that its exit code is kept. */
  readonly action: <A extends readonly unknown[]>(
    run: (...args: A) => Promise<ExitCode>,
  ) => (...args: A) => Promise<void>;
}

/** Each file of src/cli/commands exports this as `define`: it adds arguments, options, examples and the action. */
export type DefineCommand = (command: Command, context: CommandContext) => void;

/** Help text that teaches by example: comment above command. */
export function examples(...pairs: readonly (readonly [comment: string, command: string])[]): string {
  const lines = pairs.map(([comment, command]) => `  # ${comment}\n  ${command}`);
  return `\nExamples:\n${lines.join('\n\n')}\n`;
}
