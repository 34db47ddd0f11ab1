// Does the notebook that submits runs to AWS drive the commands as it says, and is it what the stack puts on its notebook instance?
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { readTemplate, resolveTemplate } from './template-parts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const notebook = JSON.parse(readFileSync(join(root, 'notebooks', '4-submit-to-aws.ipynb'), 'utf8')) as {
  readonly cells: readonly { readonly cell_type: string; readonly source: readonly string[] }[];
};
const folder = mkdtempSync(join(tmpdir(), 'gridmill-notebook-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes of a script that SageMaker takes, in base64. */
const SCRIPT_MAX = 16_384;

test('the stack puts this notebook on its instance, under its own name and region', () => {
  const { template } = readTemplate(readFileSync(join(root, 'deploy', 'aws', 'template.yaml'), 'utf8'));
  const { resources } = resolveTemplate(template, { Notebook: 'true' }, () => ['Arn']);
  const start = resources['NotebookStart']!.Properties!['OnStart'] as unknown as readonly {
    readonly Content: string;
  }[];
  const script = start[0]!.Content;
  const [, place, embedded] =
    /echo '(.*?)' >gridmill-stack.json[\s\S]*<<'NOTEBOOK'\n([\s\S]*)\nNOTEBOOK\n/.exec(script) ?? [];
  expect(JSON.parse(place!)).toMatchObject({ stack: 'lab', region: 'eu-central-1' });
  expect(JSON.parse(embedded!), 'node scripts/embed-notebook.mjs puts it there').toEqual(notebook);
  expect(Buffer.from(script).toString('base64').length).toBeLessThan(SCRIPT_MAX);
  expect(spawnSync('bash', ['-n'], { input: script }).status).toBe(0);
});

/** Answers as the commands do: two looks until the run has ended. */
const STAND_IN = `
import { appendFileSync, readFileSync } from 'node:fs';
const words = process.argv.slice(2);
const calls = readFileSync('calls', 'utf8').split('\\n').filter((line) => line.includes('"status"')).length;
appendFileSync('calls', JSON.stringify(words) + '\\n');
const jobs = (status) => [{ kind: 'shards', status }];
const answers = {
  submit: words.includes('--estimate') ? { estimate: { cost: 1 }, currency: 'USD' } : { run: 'r1', shards: 4 },
  status: calls === 0 ? { shards: 4, done: [0], missing: [1, 2, 3], jobs: jobs('PENDING'), cost: null, currency: 'USD' }
    : { shards: 4, done: process.env.LOST ? [0, 1] : [0, 1, 2, 3], missing: process.env.LOST ? [2, 3] : [], jobs: jobs(process.env.LOST ? 'FAILED' : 'SUCCEEDED'), cost: { cost: 0.9 }, currency: 'USD' },
  merge: { rows: [] },
};
console.log(JSON.stringify(answers[words[1]]));
`;

const hasPython = spawnSync('python3', ['--version']).status === 0;
const code = notebook.cells.filter(({ cell_type }) => cell_type === 'code').map(({ source }) => source.join(''));

function runCells(environment: Readonly<Record<string, string>>) {
  writeFileSync(join(folder, 'stand-in.mjs'), STAND_IN);
  writeFileSync(join(folder, 'calls'), '');
  const { GRIDMILL_STACK: _, AWS_REGION: __, ...env } = process.env;
  const command = `${process.execPath} stand-in.mjs`;
  const done = spawnSync('python3', ['-B', '-c', code.join('\n\n')], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...env,
      GRIDMILL_COMMAND: command,
      GRIDMILL_STACK: 'lab',
      AWS_REGION: 'eu-central-1',
      GRIDMILL_EVERY: '0',
      ...environment,
    },
  });
  const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  return { ...done, calls: calls.map((line) => JSON.parse(line) as string[]) };
}

test.skipIf(!hasPython)('its cells estimate, submit, follow until all is handed in, and fetch', () => {
  const { status, stderr, calls } = runCells({});
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(calls.map((words) => words[1])).toEqual(['submit', 'submit', 'status', 'status', 'merge', 'status']);
  for (const words of calls) {
    expect(words[0]).toBe('cloud');
    expect(words.slice(-5)).toEqual(['--stack', 'lab', '--region', 'eu-central-1', '--json']);
  }
  expect(calls[0]).toContain('--estimate');
  expect(calls[1]).toEqual(calls[0]!.filter((word) => word !== '--estimate'));
});

test.skipIf(!hasPython)('they stop at a run that has ended with shards missing', () => {
  const { status, stderr, calls } = runCells({ LOST: '1' });
  expect(status).toBe(1);
  expect(stderr).toContain('AssertionError');
  expect(calls.map((words) => words[1])).not.toContain('merge');
});
