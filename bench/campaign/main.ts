// The command `npm run campaign`: faults against the service as processes and as containers, and the tables of what came of them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from '../machine.ts';
import { runCampaign } from './campaign.ts';
import { containersMissing } from './containers.ts';
import { isSound, table } from './report.ts';

const USAGE = `npm run campaign -- [options]

  --faults <n>      how many, shared out over the systems (default: 200)
  --seed <n>        of kinds, times and clients (default: drawn and printed)
  --system <name>   processes or containers (default: both)
  --gap <seconds>   mean time from a recovery to the next fault (default: 3)
  --only <text>     kinds of faults whose name has it
  --image <name>    of containers (default: localhost/gridmill:campaign)
  --cpu-shares <n>  weight of the containers on a machine with other work
  --no-redis        without the shared cache
`;

const SYSTEMS = ['processes', 'containers'] as const;

/** Answers the exit status: 0 when every job is done and more than 95 % of the faults were recovered from. */
export async function runMain(args: readonly string[], root: string): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      faults: { type: 'string', default: '200' },
      seed: { type: 'string' },
      system: { type: 'string' },
      gap: { type: 'string', default: '3' },
      only: { type: 'string' },
      image: { type: 'string', default: 'localhost/gridmill:campaign' },
      'cpu-shares': { type: 'string' },
      'no-redis': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  if (values.help) {
    say(USAGE);
    return 2;
  }
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const missing = containersMissing(values.image);
  const wanted = SYSTEMS.filter((name) => values.system === undefined || values.system === name);
  const systems = wanted.filter((name) => name === 'processes' || missing === undefined);
  if (missing !== undefined && wanted.includes('containers')) say(`Containers are left out: ${missing}.`);
  const texts: string[] = [];
  let isGood = systems.length > 0;
  for (const system of systems) {
    const replay = `npm run campaign -- --faults ${values.faults} --seed ${seed} --system ${system}`;
    say(`${system}: replay with ${replay}`);
    const campaign = await runCampaign({
      system,
      faults: Math.ceil(Number(values.faults) / systems.length),
      seed,
      gapSeconds: Number(values.gap),
      ...(values.only === undefined ? {} : { only: values.only }),
      bin: join(root, 'bin/gridmill.mjs'),
      clockHook: join(root, 'bench/campaign/clock-hook.mjs'),
      image: values.image,
      ...(values['cpu-shares'] === undefined ? {} : { cpuShares: values['cpu-shares'] }),
      withRedis: !values['no-redis'],
      say,
    });
    texts.push(table(campaign));
    if (!isSound(campaign)) {
      isGood = false;
      texts.push(`\n**Failed.** Replay: ${replay}`);
    }
  }
  const { model, cores, memoryGb, system: kernel, node, loadBefore } = describeMachine();
  const machine = `${cores} × ${model}, ${memoryGb} GB, ${kernel}, Node.js ${node}, load ${loadBefore.join(' ')} at the end`;
  const text = `${new Date().toISOString().slice(0, 16)}: ${machine}.\n\n${texts.join('\n\n')}\n`;
  const folder = join(root, '.cache/campaign');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${systems.join('-')}-${seed}.md`), text);
  process.stdout.write(`\n${text}\nWritten to .cache/campaign/${systems.join('-')}-${seed}.md\n`);
  return isGood ? 0 : 1;
}
