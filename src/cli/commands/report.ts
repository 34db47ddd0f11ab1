// gridmill report: the HTML report of a stored result.
import type { Command } from 'commander';
import { type CommandContext, examples } from '../command.ts';
import type { Host } from '../host.ts';
import { runContext } from '../run-context.ts';

interface ReportOptions {
  readonly out?: string;
  readonly json?: boolean;
}

export function define(command: Command, { host, action }: CommandContext): void {
  command
    .argument('[result]', 'an id, its beginning, a result file, or latest', 'latest')
    .option('-o, --out <file>', 'where to write it (default: gridmill-ID.html)')
    .option('--json', 'print the path as a JSON object')
    .addHelpText(
      'after',
      examples(
        ['The last sweep', 'gridmill report'],
        ['A certain one, under a name', 'gridmill report 3f2a91 --out btc.html'],
      ),
    )
    .action(action((result: string, options: ReportOptions) => report(result, options, host)));
}

async function report(reference: string, { out, json }: ReportOptions, host: Host): Promise<undefined> {
  const context = runContext(host);
  const { loadResult } = await import('../../runs/saved-results.ts');
  const { outputPath, writeOutput } = await import('../../runs/output-file.ts');
  const { id, record } = loadResult(reference, context);
  const path = outputPath(host.folder, out ?? `gridmill-${id}.html`);
  const { renderStored } = await import('../../runs/report-of-stored.ts');
  writeOutput(path, await renderStored(record, id, context));
  host.stdout.write(json === true ? `${JSON.stringify({ resultId: id, path })}\n` : `Report: ${path}\n`);
}
