// gridmill cloud: runs on AWS, from making what they need to taking it away.
import type { Command } from 'commander';
import { defineRunCommands } from '../cloud-run-commands.ts';
import { defineStackCommands } from '../cloud-stack-commands.ts';
import { type CommandContext, examples } from '../command.ts';

export function define(command: Command, context: CommandContext): void {
  command.addHelpText(
    'after',
    examples(
      ['Make what runs need: buckets, queues, roles (docs/aws.md)', 'gridmill cloud up --stack research'],
      [
        'Have AWS Batch score a sweep, with the image that "gridmill image --push" printed',
        'gridmill cloud submit sma-cross --data binance/BTCUSDT/1m --set fast=5..200 --set slow=50..900 --stack research --image REPOSITORY@sha256:...',
      ],
      [
        'What it would cost',
        'gridmill cloud submit sma-cross --data binance/BTCUSDT/1m --set fast=5..200 --set slow=50..900 --stack research --estimate',
      ],
      [
        'How far it is, and the result',
        'gridmill cloud status RUN --stack research && gridmill cloud merge RUN --stack research',
      ],
      ['Take it all away but the results', 'gridmill cloud down --stack research --yes'],
    ),
  );
  defineStackCommands(command, context);
  defineRunCommands(command, context);
}
