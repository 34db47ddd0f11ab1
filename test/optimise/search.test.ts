// Do the modes find what they are for? Known functions, fixed seeds, margins that chance does not reach.
import { expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import { metricObjective } from '../../src/optimise/objective.ts';
import { createGridSampler, createRandomSampler, createSobolSampler } from '../../src/optimise/plain-samplers.ts';
import { pointKey } from '../../src/optimise/space.ts';
import type { Mode, StudyRequest } from '../../src/optimise/study.ts';
import { choice, range } from '../../src/strategy/parameters.ts';
import { metricsWith, runMadeUp, type Score, studyRequest } from './made-up-study.ts';

const AXIS = range(-5, 5, 0.05);
const SEEDS = [1, 2, 3, 4, 5];

const sphere: Score = ({ parameters: { a = 0, b = 0, c = 0, d = 0 } }) => ({
  metrics: metricsWith({ sharpe: -((a - 1.3) ** 2 + (b + 2.1) ** 2 + (c - 0.4) ** 2 + (d + 3.3) ** 2) }),
});
const rosenbrock: Score = ({ parameters: { a = 0, b = 0 } }) => ({
  metrics: metricsWith({ sharpe: -(100 * (b - a * a) ** 2 + (1 - a) ** 2) }),
});
const ridge: Score = ({ parameters: { a = 0, b = 0, c = 0 } }) => ({
  metrics: metricsWith({ sharpe: -(3 * Math.abs(a - b - 1) + Math.abs(a + b + 2) + Math.abs(c - 3)) }),
});
const rastrigin: Score = ({ parameters: { a = 0, b = 0, c = 0 } }) => ({
  metrics: metricsWith({
    sharpe: -[a, b, c].reduce((sum, x) => sum + x * x - 10 * Math.cos(2 * Math.PI * x) + 10, 0),
  }),
});

async function regret(mode: Mode, score: Score, names: string, given: Partial<StudyRequest> = {}): Promise<number> {
  const parameters = Object.fromEntries([...names].map((name) => [name, AXIS]));
  const best: number[] = [];
  for (const seed of SEEDS) {
    const request = studyRequest(parameters, { mode, seed, trials: 300, lag: 16, ...given });
    const { rows } = await runMadeUp(request, score);
    best.push(-rows[0]!.standing.scores[0]!);
  }
  return best.sort((a, b) => a - b)[SEEDS.length >> 1]!;
}

test.each([
  ['sphere', sphere, 'abcd', 0.5],
  ['rosenbrock', rosenbrock, 'ab', 0.5],
  ['ridge', ridge, 'abc', 0.5],
  // Hundreds of local optima on axes that know nothing of each other.
  ['rastrigin', rastrigin, 'abc', 0.7],
] as const)('TPE comes nearer to the best of %s than random search by far', async (_, score, names, share) => {
  const [tpe, random] = [await regret('tpe', score, names), await regret('random', score, names)];
  expect(tpe).toBeLessThan(random * share);
});

test('TPE is still ahead of random search when it hears of results 64 trials late', async () => {
  expect(await regret('tpe', sphere, 'abcd', { lag: 64 })).toBeLessThan((await regret('random', sphere, 'abcd')) / 2);
});

test('refinement improves on the points it begins at by far', async () => {
  const anchors = [
    { a: 0, b: -1, c: 2, d: -1 },
    { a: 3, b: -3, c: 0, d: -4 },
  ];
  const start = Math.min(
    ...anchors.map((parameters) => {
      const outcome = sphere({ cell: 0, parameters, barriers: {} });
      return 'metrics' in outcome ? -outcome.metrics.sharpe! : Number.NaN;
    }),
  );
  expect(await regret('refine', sphere, 'abcd', { anchors, trials: 200 })).toBeLessThan(start / 50);
});

test('discovery finds more than random search with the same number of trials, by most of its trials on short windows', async () => {
  // The short windows see the same hill through noise that shrinks as they grow.
  const noisy: Score = ({ parameters, cell, barriers }) => {
    const outcome = sphere({ parameters, cell, barriers });
    const noise = createPrng(
      Math.round(Object.values(parameters).reduce((sum, x, i) => sum + (x + 5) * 100 * 1000 ** i, cell)),
    ).nextNormal();
    const sharpe = 'metrics' in outcome ? outcome.metrics.sharpe! + (2 - cell) * noise : 0;
    return { metrics: metricsWith({ sharpe }) };
  };
  expect(await regret('discovery', noisy, 'abcd', { rungs: 3 })).toBeLessThan(
    (await regret('random', sphere, 'abcd')) / 2,
  );
});

test('halving keeps what is best on every window', async () => {
  const request = studyRequest({ a: range(0, 999) }, { mode: 'discovery', trials: 400, lag: 16, rungs: 3 });
  const rungsOfBest: number[] = [];
  const seen: number[] = [];
  await runMadeUp(
    request,
    ({ parameters: { a = 0 } }) => ({ metrics: metricsWith({ sharpe: -(a * 7919) % 1000 }) }),
    undefined,
    {
      onTrial: ({ point, rung }) => void (rung === 0 ? seen.push(point[0]!) : rungsOfBest.push(point[0]! * 10 + rung)),
    },
  );
  const scoreOf = (a: number): number => -(a * 7919) % 1000;
  const best = [...seen].sort((a, b) => scoreOf(b) - scoreOf(a)).slice(0, Math.floor(seen.length / 9));
  for (const a of best) expect(rungsOfBest).toContain(a * 10 + 2);
  // The others end earlier: fewer than half of the trials are on the whole window.
  expect(rungsOfBest.filter((key) => key % 10 === 2).length).toBeLessThan(200);
});

test('several objectives: the front is nondominated, and TPE spreads along it', async () => {
  const request = studyRequest(
    { a: AXIS, b: AXIS },
    { mode: 'tpe', trials: 300, lag: 16, objectives: [metricObjective('sharpe'), metricObjective('maxDrawdown')] },
  );
  // The best trade-offs have b = 0 and a between 0 and 2.
  const { rows } = await runMadeUp(request, ({ parameters: { a = 0, b = 0 } }) => ({
    metrics: metricsWith({ sharpe: -((a - 2) ** 2) - b * b, maxDrawdown: a * a + b * b }),
  }));
  expect(rows.length).toBeGreaterThan(8);
  const near = rows.filter(({ standing: { scores } }) => scores[0]! > -6 && scores[1]! > -6);
  expect(near.length).toBeGreaterThan(rows.length * 0.8);
});

test('conditions lead the search into what meets them', async () => {
  const where = [{ metric: 'trades', operator: '>=', value: 90 }] as const;
  const score: Score = ({ parameters: { a = 0, b = 0 } }) => ({
    metrics: metricsWith({
      sharpe: -a * a - b * b,
      trades: Math.round(100 - 20 * (Math.abs(a - 4) + Math.abs(b - 4))),
    }),
  });
  const run = async (mode: Mode) => {
    const { rows, infeasible, done } = await runMadeUp(
      studyRequest({ a: AXIS, b: AXIS }, { mode, trials: 300, lag: 16, where }),
      score,
    );
    return { met: done - infeasible, rows };
  };
  const [tpe, random] = [await run('tpe'), await run('random')];
  expect(tpe.met).toBeGreaterThan(20 * Math.max(1, random.met));
  for (const { rows } of tpe.rows) expect(rows[0]!.metrics.trades).toBeGreaterThanOrEqual(90);
});

test('grid, random and sobol try no point twice, obey the constraint, and end when all are tried', () => {
  const request = studyRequest(
    { a: range(1, 12), b: choice(1, 2, 4, 8), c: range(0, 3) },
    { constraint: ({ a, b }) => a! > b! },
  );
  const { space } = request;
  const allowed = [1, 2, 4, 8].reduce((sum, b) => sum + (12 - b) * 4, 0);
  for (const sampler of [
    createGridSampler(space, 0),
    createRandomSampler(space, 3, 0),
    createSobolSampler(space, 3, 0),
  ]) {
    const seen = new Set<string>();
    for (let n = 0; ; n++) {
      const proposal = sampler.ask(n);
      if (proposal === undefined) break;
      const [a, b] = proposal.point;
      expect(a! + 1).toBeGreaterThan([1, 2, 4, 8][b!]!);
      expect(seen.has(pointKey(proposal.point))).toBe(false);
      seen.add(pointKey(proposal.point));
    }
    expect(seen.size).toBe(allowed);
  }
});
