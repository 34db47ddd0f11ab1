// gridmill image: strategies and their packages on top of a Gridmill image, pinned by what they are.
import { type Command, Option } from 'commander';
import { TOOL_NAMES } from '../../images/image-tool.ts';
import { type CommandContext, examples } from '../command.ts';
import { type ImageOptions, makeImage } from '../image-work.ts';

export function define(command: Command, { host, action }: CommandContext): void {
  command
    .argument('<folder>', 'strategy files lie directly in it; code that they share may lie in folders below')
    .option('--push <repository>', 'push there, and print REPOSITORY@sha256:…; no tag')
    .option('--base <image>', 'image with Gridmill inside', 'gridmill:shard')
    .option(
      '--npm-image <image>',
      'image with npm inside, for packages of strategies',
      'docker.io/library/node:24-slim',
    )
    .addOption(new Option('--tool <name>', 'what builds it (default: the first that is here)').choices(TOOL_NAMES))
    .option('--tag <name>', 'also call the image this')
    .option('--npmrc <file>', 'settings of npm for the build; no layer keeps them')
    .option('--ca <file>', 'certificates of a proxy for the build; no layer keeps them')
    .option('--write <folder>', 'write Dockerfile and files into a new folder, and build nothing')
    .option('--dry-run', 'load the strategies, print what would be built, and build nothing')
    .option('--check', 'load the strategies only')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      examples(
        ['Build it, for this machine', 'gridmill image strategies'],
        [
          'Push it to ECR; the last line pins what was pushed',
          'gridmill image strategies --push 123456789012.dkr.ecr.eu-central-1.amazonaws.com/gridmill',
        ],
        ['What would go in?', 'gridmill image strategies --dry-run'],
      ),
    )
    .action(action((folder: string, options: ImageOptions) => makeImage(folder, options, host)));
}
