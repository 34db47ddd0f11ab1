// P9: --memory holds for the whole process, and memory stays flat over thousands of sweeps.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { megabytes, runCli, type SweepCase, sweepArguments } from './cli-child.ts';
import { quantile } from './measure.ts';
import { type BenchContext, digits, type Verdict, type Workload } from './workload.ts';

interface BudgetCase extends SweepCase {
  readonly memory: string;
  readonly budgetMb: number;
}

function budgetCase(
  name: string,
  bars: number,
  fast: string,
  slow: string,
  budgetMb: number,
  deadline?: string,
): BudgetCase {
  return { name, bars, fast, slow, budgetMb, memory: `${budgetMb}MB`, deadline };
}

const CASES: readonly BudgetCase[] = [
  budgetCase('100 variants × 20,000 bars', 20_000, '5..50:5', '60..150:10', 200),
  budgetCase('10,000 variants × 200,000 bars', 200_000, '2..101', '105..600:5', 300, '60s'),
  budgetCase('1,000,000 variants × 130,000 bars, stopped after 20 s', 130_000, '2..1001', '1002..2001', 512, '20s'),
];

const DRIFT = 0.05;

export const p9: Workload = {
  id: 'p9',
  title: 'the memory contract',
  async run(context) {
    const facts: string[] = [];
    const verdicts: Verdict[] = [];
    for (const asked of context.quick ? CASES.slice(0, 1) : CASES)
      verdicts.push(await underBudget(context, asked, facts));
    verdicts.push(await refusal(context), soak(context, facts));
    const input = 'fresh processes of the command line, peak memory as the system counted it (VmHWM)';
    return { sections: [{ input, agreements: [], timings: [], unit: '', facts }], verdicts };
  },
};

/** Exit codes of a sweep that finished and of one that its deadline ended. */
const DONE = [0, 124];

async function underBudget(context: BenchContext, asked: BudgetCase, facts: string[]): Promise<Verdict> {
  const { status, stderr, ms, peakBytes } = await runCli(context, sweepArguments(context, asked));
  const target = `${asked.name}: peak within ${asked.memory}`;
  if (!DONE.includes(status ?? -1))
    return { target, measured: `exit ${status}: ${stderr.trim().slice(0, 200)}`, met: false };
  facts.push(`${asked.name}: ${digits(ms / 1000)} s as a process, peak ${megabytes(peakBytes)}.`);
  return { target, measured: megabytes(peakBytes), met: peakBytes <= asked.budgetMb * 2 ** 20 };
}

async function refusal(context: BenchContext): Promise<Verdict> {
  const asked = { ...CASES[0], memory: '80MB' };
  const { status, stderr } = await runCli(context, sweepArguments(context, asked));
  const named = /--memory (\d+\s?MB)/.exec(stderr)?.[1];
  return {
    target: 'a budget of 80 MB is refused with the smallest that would do',
    measured: `exit ${status}, ${named ?? 'no budget named'}`,
    met: status === 5 && named !== undefined,
  };
}

function soak({ root, quick }: BenchContext, facts: string[]): Verdict {
  const runs = quick ? 500 : 5_000;
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, '.cache/bench/soak.mjs'), String(runs)], {
    encoding: 'utf8',
  });
  const target = `${runs.toLocaleString('en')} sweeps in one process: memory flat within ${DRIFT * 100} %`;
  if (status !== 0) return { target, measured: stderr.trim().slice(0, 200), met: false };
  const samples = JSON.parse(stdout) as number[];
  const middleOf = (part: readonly number[]): number =>
    quantile(
      [...part].sort((a, b) => a - b),
      0.5,
    );
  const fifth = Math.floor(samples.length / 5);
  // The first fifth warms up: code is compiled, the heap finds its size.
  const early = middleOf(samples.slice(fifth, 2 * fifth));
  const late = middleOf(samples.slice(-fifth));
  facts.push(
    `Resident memory after 20 to 40 % of the sweeps ${megabytes(early)}, in the last fifth ${megabytes(late)}.`,
  );
  const drift = late / early - 1;
  return { target, measured: `${(drift * 100).toFixed(1)} %`, met: drift <= DRIFT };
}
