// Does the service come back from random faults, and keep every job it accepted? A short dose of `npm run campaign`.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCampaign } from '../../bench/campaign/campaign.ts';
import { table } from '../../bench/campaign/report.ts';
import { BIN, repository } from '../e2e/cli-harness.ts';
import { buildImage, podmanMissing } from './podman.ts';

const SEED = Number(process.env['GRIDMILL_SEED'] ?? Date.now() % 1_000_000);
const FAULTS = Number(process.env['GRIDMILL_CAMPAIGN_FAULTS'] ?? 14);
const missing = podmanMissing();
if (missing !== undefined) process.stderr.write(`The campaign in containers is skipped: ${missing}.\n`);

async function hold(system: 'processes' | 'containers', faults: number, image = ''): Promise<void> {
  const replay = `npm run campaign -- --system ${system} --faults ${faults} --seed ${SEED}`;
  const campaign = await runCampaign({
    system,
    faults,
    seed: SEED,
    gapSeconds: 0.5,
    bin: BIN,
    clockHook: join(repository, 'bench/campaign/clock-hook.mjs'),
    image,
    withRedis: system === 'processes',
    say: (line) => void process.stderr.write(`${line}\n`),
  });
  process.stderr.write(`${table(campaign)}\n`);
  const { lost, twice, wrong, notDone } = campaign.verdict;
  expect({ lost, twice, wrong, notDone }, replay).toEqual({ lost: [], twice: [], wrong: [], notDone: [] });
  expect(
    campaign.faults.filter(({ recoveryMs }) => recoveryMs === undefined).map(({ parts }) => parts),
    replay,
  ).toEqual([]);
}

test.skipIf(process.platform !== 'linux')(
  'processes under a supervisor come back from each fault, and every job is done once with the right hash',
  () => hold('processes', FAULTS),
  1_200_000,
);

test.skipIf(missing !== undefined)(
  'so do containers with a restart policy',
  () => hold('containers', Math.ceil(FAULTS / 2), buildImage('serve')),
  1_200_000,
);
