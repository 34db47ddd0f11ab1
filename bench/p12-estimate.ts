// P12: what the plan predicts against what the process then takes.
import { megabytes, runCli, type SweepCase, sweepArguments } from './cli-child.ts';
import type { Verdict, Workload } from './workload.ts';

const CASES: readonly SweepCase[] = [
  { name: '100 variants × 20,000 bars', bars: 20_000, fast: '5..50:5', slow: '60..150:10' },
  { name: '2,500 variants × 100,000 bars', bars: 100_000, fast: '2..51', slow: '60..305:5' },
  { name: '2,500 variants × 100,000 bars in 250 MB', bars: 100_000, fast: '2..51', slow: '60..305:5', memory: '250MB' },
];

interface Planned {
  readonly elapsedMs: number;
  readonly plan: { readonly bytesPredicted: number; readonly secondsPredicted: number | null };
}

export const p12: Workload = {
  id: 'p12',
  title: 'estimates against what happened',
  async run(context) {
    const verdicts: Verdict[] = [];
    for (const asked of context.quick ? CASES.slice(0, 1) : CASES) {
      const { status, stdout, stderr, peakBytes } = await runCli(context, sweepArguments(context, asked));
      if (status !== 0) {
        verdicts.push({ target: asked.name, measured: `exit ${status}: ${stderr.trim().slice(0, 200)}`, met: false });
        continue;
      }
      const { plan, elapsedMs } = JSON.parse(stdout) as Planned;
      const bytes = plan.bytesPredicted / peakBytes;
      verdicts.push({
        target: `${asked.name}: predicted bytes 0.8 to 1.3 × actual`,
        measured: `${bytes.toFixed(2)} × (${megabytes(plan.bytesPredicted)} against ${megabytes(peakBytes)})`,
        met: bytes >= 0.8 && bytes <= 1.3,
      });
      const seconds = plan.secondsPredicted === null ? undefined : plan.secondsPredicted / (elapsedMs / 1000);
      verdicts.push({
        target: `${asked.name}: predicted seconds 0.5 to 2 × actual`,
        measured: seconds === undefined ? 'too short to predict' : `${seconds.toFixed(2)} ×`,
        met: seconds === undefined ? undefined : seconds >= 0.5 && seconds <= 2,
      });
    }
    const input = 'fresh processes of the command line';
    return { sections: [{ input, agreements: [], timings: [], unit: '', facts: [] }], verdicts };
  },
};
