// gridmill cloud: runs on AWS, from making what they need to taking it away.
import type { Command } from 'commander';
import { defineRunCommands } from '../cloud-run-commands.ts';
import { defineStackCommands } from '../cloud-stack-commands.ts';
import type { CommandContext } from '../command.ts';

export function define(command: Command, context: CommandContext): void {
  defineStackCommands(command, context);
  defineRunCommands(command, context);
}
