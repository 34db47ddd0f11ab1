// gridmill profiles: the execution profiles and what each assumes.
import type { Command } from 'commander';
import { PROFILES } from '../../simulate/profiles.ts';
import { type CommandContext, examples } from '../command.ts';

export function define(command: Command, { host, action }: CommandContext): void {
  command
    .option('--json', 'print one JSON array')
    .addHelpText(
      'after',
      examples(
        ['What can be assumed about fills', 'gridmill profiles'],
        ['Use one', 'gridmill sweep sma-cross --data btc-1m.csv.gz --profile next-open'],
      ),
    )
    .action(
      action(async ({ json }: { readonly json?: boolean }) => {
        const profiles = Object.values(PROFILES);
        if (json === true) {
          host.stdout.write(`${JSON.stringify(profiles)}\n`);
          return;
        }
        const { keyValueTable } = await import('../../report/terminal.ts');
        const { direction } = PROFILES.close.defaults;
        const rows = profiles.map(({ name, assumption, defaults }) => ({
          label: name,
          value: `${assumption} Defaults: cash ${defaults.initialCash}, ${defaults.direction}${defaults.closeAtEnd ? ', closed at the end' : ''}.`,
        }));
        const { columns: width, color } = host.stdout;
        host.stdout.write(
          `${keyValueTable(rows, { width, color })}\n\nThe default is close, ${direction} only. docs/fills.md has every rule.\n`,
        );
      }),
    );
}
