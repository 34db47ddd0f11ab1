// Does the linter of AWS for CloudFormation find nothing in the template of the stack, and something in a broken one?
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const VERSION = '1.58.0';
const root = fileURLToPath(new URL('../..', import.meta.url));
const template = join(root, 'deploy', 'aws', 'template.yaml');
const environment = join(root, '.cache', `cfn-lint-${VERSION}`);
const program = join(environment, 'bin', 'cfn-lint');

/** Undefined when it is there; else why it is not. */
function install(): string | undefined {
  if (existsSync(program)) return undefined;
  const steps: readonly (readonly [string, readonly string[]])[] = [
    ['python3', ['-m', 'venv', environment]],
    [join(environment, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', `cfn-lint==${VERSION}`]],
  ];
  for (const [command, args] of steps) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000 });
    if (status === 0) continue;
    rmSync(environment, { recursive: true, force: true });
    return (error?.message ?? stderr).trim().split('\n').at(-1) ?? 'unknown';
  }
  return undefined;
}

const missing = install();
const title = missing === undefined ? `cfn-lint ${VERSION}` : `NOT LINTED: cfn-lint could not be installed: ${missing}`;

describe.skipIf(missing !== undefined)(title, () => {
  const folder = mkdtempSync(join(tmpdir(), 'gridmill-cfn-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const lint = (path: string) =>
    spawnSync(program, ['--regions', 'us-east-1', 'eu-central-1', '--include-checks', 'I', '--', path], {
      encoding: 'utf8',
    });

  test('finds nothing in the template', () => {
    const { status, stdout } = lint(template);
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  test.each([
    ['a state that Batch does not know', 'Action: CANCEL', 'Action: WAIT', 'E3030'],
    [
      'a role that is no ARN',
      'ExecutionRoleArn: !GetAtt ExecutionRoleResource.Arn',
      'ExecutionRoleArn: !GetAtt Vpc.CidrBlock',
      'E1010|E3|W1',
    ],
    [
      'an alias',
      'Tags: { gridmill: !Ref AWS::StackName }\n      Timeout: { AttemptDurationSeconds: !Ref MergeTimeoutSeconds }',
      'Tags: *a',
      'E0000',
    ],
  ])('finds %s', (_, from, to, rule) => {
    const text = readFileSync(template, 'utf8');
    expect(text).toContain(from);
    const path = join(folder, 'broken.yaml');
    writeFileSync(path, text.replace(from, to));
    const { status, stdout } = lint(path);
    expect(status).not.toBe(0);
    expect(stdout).toMatch(new RegExp(rule));
  });
});
