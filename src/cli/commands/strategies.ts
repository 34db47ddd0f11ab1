// gridmill strategies: the built-in strategies, their parameters and default grids.
import type { Command } from 'commander';
import { asCalled } from '../called-as.ts';
import { type CommandContext, examples } from '../command.ts';
import type { Host } from '../host.ts';

export function define(command: Command, { host, action }: CommandContext): void {
  command
    .option('--json', 'print one JSON array')
    .addHelpText(
      'after',
      examples(
        ['What comes with gridmill', 'gridmill strategies'],
        ['Sweep one over its default grid', 'gridmill sweep donchian --data btc-1m.csv.gz --timeframe 1h'],
      ),
    )
    .action(action(({ json }: { readonly json?: boolean }) => list(json === true, host)));
}

async function list(json: boolean, host: Host): Promise<undefined> {
  const { BUILT_IN_STRATEGIES } = await import('../../strategy/builtin/index.ts');
  const strategies = Object.values(BUILT_IN_STRATEGIES).map(({ name, description, parameters, risk }) => ({
    name,
    description,
    parameters: Object.fromEntries(Object.entries(parameters).map(([key, axis]) => [key, axis.values])),
    risk: Object.fromEntries(Object.entries(risk).map(([key, axis]) => [key, axis.values])),
  }));
  if (json) {
    host.stdout.write(`${JSON.stringify(strategies)}\n`);
    return;
  }
  const { bold, dim } = await import('../../report/text-table.ts');
  const { valuesText } = await import('../../runs/report-of-record.ts');
  const { wrapped } = await import('../sweep-output.ts');
  const { color, columns } = host.stdout;
  for (const { name, description, parameters } of strategies) {
    const lines = wrapped(description, columns - 2).map((line) => `  ${line}`);
    const width = Math.max(...Object.keys(parameters).map((key) => key.length));
    const axes = Object.entries(parameters).map(
      ([key, values]) => `  ${dim(key.padEnd(width), color)}  ${valuesText(values)}`,
    );
    host.stdout.write(`${[bold(name, color), ...lines, ...axes].join('\n')}\n\n`);
  }
  host.stdout.write(asCalled('A file of your own: gridmill init my-strategy\n', host));
}
