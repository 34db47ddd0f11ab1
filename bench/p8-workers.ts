// P8: what a second worker brings, and what that says about many.
import { range } from '../src/strategy/parameters.ts';
import { compareScores } from './agreement.ts';
import { ALL_METRICS, benchRequest, sweep, sweepContestant, sweepScores } from './gridmill.ts';
import { describeMachine } from './machine.ts';
import { barsText, benchWindow, THIN_FEE } from './market.ts';
import { interleave } from './measure.ts';
import { atLeast, digits, times, type Workload } from './workload.ts';

const PROJECTED_CORES = 48;

export const p8: Workload = {
  id: 'p8',
  title: 'two workers against one',
  async run(context) {
    const bars = context.quick ? 50_000 : 200_000;
    const window = benchWindow(bars);
    const parameters = context.quick
      ? { fast: range(2, 100, 2), slow: range(105, 600, 10) }
      : // Long enough that starting threads is not what is measured.
        { fast: range(2, 101), slow: range(105, 504) };
    const request = benchRequest('sma-cross', { costs: { feeRate: THIN_FEE, fixedFee: 0, slippage: 0 }, parameters });
    const few = { ...request, parameters: { fast: range(5, 50, 5), slow: range(105, 195, 10) } };
    const names = ['1 worker', '2 workers'] as const;
    const scores = [];
    for (const workers of [1, 2]) scores.push(await sweepScores(few, window, { engine: 'fast', workers }));
    const agreement = compareScores(names, scores[0], scores[1], ALL_METRICS);
    const variants = parameters.fast.values.length * parameters.slow.values.length;
    const contestants = names.map((name, i) =>
      sweepContestant(name, request, window, { engine: 'fast', workers: i + 1 }, variants * bars),
    );
    const timings = agreement.disagreeing > 0 ? [] : await interleave(contestants, context.effort);
    const [one, two] = timings;
    const { usefulShare } = (await sweep(request, window, { engine: 'fast', workers: 2 })).outcome.plan;
    const gain = one && times(two, one);
    const facts = [
      'Whole sweeps: the start of the threads and the columns they compute are counted.',
      `Useful time of two workers, by their own count: ${usefulShare === null ? 'not measured' : `${(usefulShare * 100).toFixed(1)} %`}.`,
    ];
    if (gain !== undefined && gain > 1) facts.push(projection(gain));
    const { threadsPerCore, cores } = describeMachine();
    const canJudge = cores >= 2 && threadsPerCore === '1';
    return {
      sections: [
        {
          input: `${barsText(bars)}, ${variants} variants`,
          agreements: [agreement],
          timings,
          unit: 'bar-variant',
          facts,
        },
      ],
      verdicts: [atLeast('gain of the second worker', 1.9, '×', canJudge ? gain : undefined)],
    };
  },
};

/** Amdahl: with the serial share s, n workers gain 1 / (s + (1 - s) / n). */
function projection(gain: number): string {
  const serial = Math.max(0, 2 / gain - 1);
  const projected = 1 / (serial + (1 - serial) / PROJECTED_CORES);
  return `Projection, not a measurement: a gain of ${gain.toFixed(2)} × is a serial share of ${(serial * 100).toFixed(1)} %, which would leave ${digits(projected)} × on ${PROJECTED_CORES} cores.`;
}
