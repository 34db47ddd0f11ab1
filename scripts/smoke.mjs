// npm run smoke: checks a service from end to end, one of its own or that of --url, and prints a table.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LeftOut, smokeChecks } from './smoke/checks.mjs';
import { startOwnService } from './smoke/own-service.mjs';

const USAGE = `npm run smoke                          a service of its own, in a store of its own
npm run smoke -- --url http://host:8080    that service; GRIDMILL_TOKEN is its token, GRIDMILL_URL goes for --url
npm run smoke -- --renew                   writes notebooks/golden.json anew, after a change that is meant to change results

It imports smoke/WALK/1h into the store, and deletes the results that it made.
`;

/** Values of one engine version, to which the first notebook holds as well. */
const goldenPath = new URL('../notebooks/golden.json', import.meta.url);
const built = new URL('../dist/client/client.js', import.meta.url);

async function main() {
  const { values } = parseArgs({
    options: { url: { type: 'string' }, renew: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (!existsSync(built)) throw new Error('Gridmill is not built: npm run build');
  const { createClient } = await import(built.href);
  const given = values.url ?? process.env.GRIDMILL_URL;
  const own = given ? undefined : await startOwnService();
  const url = given || own.url;
  const client = createClient({ url, token: own ? undefined : process.env.GRIDMILL_TOKEN || undefined });
  try {
    process.stdout.write(`${url}\n`);
    const golden = values.renew ? undefined : JSON.parse(readFileSync(goldenPath, 'utf8'));
    const state = { mine: new Set(), golden: {} };
    const failed = await perform(smokeChecks({ client, cli: own?.cli, golden, state }));
    if (values.renew && failed === 0) writeFileSync(goldenPath, `${JSON.stringify(state.golden, null, 2)}\n`);
    return failed === 0 ? 0 : 1;
  } finally {
    await own?.stop();
  }
}

/** Every check is tried: what fails first is not always what is wrong. */
async function perform(checks) {
  const count = { ok: 0, FAILED: 0, 'left out': 0 };
  for (const [name, check] of checks) {
    const begin = performance.now();
    let result = 'ok';
    let words;
    try {
      words = await check();
    } catch (error) {
      result = error instanceof LeftOut ? 'left out' : 'FAILED';
      words = [error.code, error.message].filter((part) => part !== undefined).join(': ');
    }
    count[result]++;
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    process.stdout.write(`${name.padEnd(40)} ${result.padEnd(8)} ${seconds.padStart(5)} s  ${words}\n`);
  }
  const leftOut = count['left out'] === 0 ? '' : `, ${count['left out']} left out`;
  process.stdout.write(`${count.ok} of ${checks.length} checks passed${leftOut}\n`);
  return count.FAILED;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
