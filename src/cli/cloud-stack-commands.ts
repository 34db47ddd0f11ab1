// Options of gridmill cloud up and gridmill cloud down.
import type { Command } from 'commander';
import { cloudDown } from './cloud-down.ts';
import { cloudUp } from './cloud-up.ts';
import { type CommandContext, examples } from './command.ts';

export const STACK_OPTION = ['--stack <name>', 'name of the stack of CloudFormation'] as const;
export const REGION_OPTION = [
  '--region <region>',
  'region of AWS (default: that of its environment or profile)',
] as const;

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export function defineStackCommands(command: Command, { host, action }: CommandContext): void {
  command
    .command('up')
    .description('Create or update the stack: buckets, image repository, queues, job definitions, roles, network.')
    .requiredOption(...STACK_OPTION)
    .option('--param <Name=value>', 'a parameter of the template; as often as needed (docs/aws.md)', collect)
    .option('--template <file>', 'another template than the one of this program')
    .option(...REGION_OPTION)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      examples(
        ['Queues on Fargate Spot and Fargate, in a network of their own', 'gridmill cloud up --stack research'],
        [
          'With EC2 Spot, and a mail when the account nears 200 USD a month',
          'gridmill cloud up --stack research --param Ec2Spot=true --param BudgetEmail=you@example.com --param BudgetUsd=200',
        ],
      ),
    )
    .action(action((options) => cloudUp(options, host)));
  command
    .command('down')
    .description('Delete the stack. Its result bucket stays.')
    .requiredOption(...STACK_OPTION)
    .option('--yes', 'remove what is in it: candles and strategies that were sent, images, logs')
    .option('--force', 'also while jobs wait or run; they end')
    .option(...REGION_OPTION)
    .action(action((options) => cloudDown(options, host)));
}
