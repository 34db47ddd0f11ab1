// What a service must be able to do from end to end, as checks in order; each answers a few words or throws.
import { crossing } from './crossing.mjs';
import { KEY, madeCandles } from './made-candles.mjs';

const FEE = 0.001;
const DATA = `${KEY.exchange}/${KEY.symbol}/${KEY.timeframe}`;
const SWEEP = {
  strategy: 'sma-cross',
  data: DATA,
  parameters: { fast: [5, 10, 20, 40], slow: '50..200:25' },
  execution: { fee: FEE },
  top: 28,
};
const SET = ['--set', 'fast=5,10,20,40', '--set', 'slow=50..200:25', '--fee', '0.1%', '--top', '28'];
/** More than a minute of work, to be cancelled. */
const LONG = { ...SWEEP, parameters: { fast: '2..900:1', slow: '901..4000:1' } };
const TOLERANCE = 1e-9;

/** Thrown by a check that does not apply, with the reason: it has neither passed nor failed. */
export class LeftOut extends Error {}

function same(what, found, wanted) {
  if (found !== wanted) throw new Error(`${what} is ${found}, and should be ${wanted}.`);
}

function near(what, found, wanted) {
  if (!(Math.abs(found - wanted) <= TOLERANCE)) throw new Error(`${what} is ${found}, and should be ${wanted}.`);
}

const short = (hash) => hash.slice(0, 12);

/**
 * `client` is that of the package, `cli` absent for a service elsewhere. `golden` has the values of one engine version, or
 * is absent when they are made anew: `state` then has them at the end, besides what passes from check to check.
 */
export function smokeChecks({ client, cli, golden, state }) {
  const { text, closes } = madeCandles();
  /** Of another version results hash differently, although their rows may be the same. */
  const isGolden = () => golden === undefined || state.version === golden.engineVersion;
  const swept = () => {
    if (state.sweep === undefined) throw new Error('There is no sweep to compare with.');
    return state.sweep;
  };
  const sweepHash = () => swept().record.resultHash;
  return [
    [
      'the service answers',
      async () => {
        state.version = (await client.health()).version;
        same('readiness', (await client.ready()).status, 'ready');
        return `version ${state.version}`;
      },
    ],
    [
      'candles go in, and are whole',
      async () => {
        const file = new TextEncoder().encode(text);
        const { imported } = await client.data.import(file, { name: 'walk.csv', ...KEY, replace: true });
        const checked = await client.data.check(KEY);
        const { contentHash } = imported[0];
        state.golden.contentHash = contentHash;
        same('the content hash', contentHash, golden?.contentHash ?? contentHash);
        same('the content hash of what is stored', checked.contentHash, contentHash);
        same('the number of defects', checked.report.defects.length, 0);
        return `${checked.report.barCount.toLocaleString('en')} candles`;
      },
    ],
    [
      'a sweep has the golden hash',
      async () => {
        state.sweep = await client.sweep(SWEEP);
        state.mine.add(swept().resultId);
        if (!isGolden()) throw new LeftOut(`golden values are of version ${golden.engineVersion}`);
        const { resultHash, top } = swept().record;
        const { params, metrics } = top[0];
        const best = { ...params, totalReturn: metrics.totalReturn, trades: metrics.trades };
        Object.assign(state.golden, { engineVersion: state.version, resultHash, rows: top.length, best });
        same('the result hash', resultHash, golden?.resultHash ?? resultHash);
        return short(sweepHash());
      },
    ],
    [
      'every row recomputed from the candles',
      async () => {
        for (const { params, metrics } of swept().record.top) {
          const { totalReturn, trades } = crossing(closes, params.fast, params.slow, FEE);
          near(`the return of ${params.fast}/${params.slow}`, metrics.totalReturn, totalReturn);
          same(`the number of trades of ${params.fast}/${params.slow}`, metrics.trades, trades.length);
        }
        return `${swept().record.top.length} returns to ${TOLERANCE}`;
      },
    ],
    [
      'one run, trade by trade',
      async () => {
        const { params, metrics } = swept().record.top[0];
        const { run } = await client.run({ ...SWEEP, top: undefined, parameters: params });
        const { trades } = crossing(closes, params.fast, params.slow, FEE);
        const members = ['entryBar', 'entryPrice', 'exitBar', 'exitPrice'];
        const closed = run.trades.filter(({ exitReason }) => exitReason !== 'end');
        const listed = (list) => JSON.stringify(list.map((trade) => members.map((name) => trade[name])));
        same('the list of trades', listed(closed.slice(0, trades.length)), listed(trades));
        near('its return', run.metrics.totalReturn, metrics.totalReturn);
        return `${trades.length} trades`;
      },
    ],
    [
      'the command line agrees',
      async () => {
        if (cli === undefined) throw new LeftOut('not for a service elsewhere');
        const told = JSON.parse(await cli('sweep', SWEEP.strategy, '--data', DATA, ...SET, '--json'));
        same('its result hash', told.resultHash, sweepHash());
        return short(told.resultHash);
      },
    ],
    [
      'warm workers agree',
      async () => {
        const { top } = swept().record;
        const configurations = top.map(({ params }) => ({ parameters: params }));
        const { strategy, data, execution } = SWEEP;
        const { results } = await client.pool.batch({ strategy, data, execution, configurations });
        for (const [n, { metrics }] of results.entries()) {
          near(`return ${n + 1}`, metrics?.totalReturn, top[n].metrics.totalReturn);
        }
        return `${results.length} configurations`;
      },
    ],
    [
      'a job is followed to the same hash',
      async () => {
        const { id } = await client.jobs.submit(SWEEP);
        let events = 0;
        for await (const _ of client.jobs.follow(id)) events++;
        const job = await client.jobs.get(id);
        if (job.error !== null) throw new Error(`${job.error.code}: ${job.error.found} ${job.error.todo}`);
        same('its state', job.state, 'done');
        const result = await client.jobs.result(id);
        state.mine.add(result.resultId);
        same('its result hash', result.record.resultHash, sweepHash());
        return `${events} events`;
      },
    ],
    [
      'a job is cancelled',
      async () => {
        const { id } = await client.jobs.submit(LONG);
        for await (const { data } of client.jobs.follow(id)) if (data.state === 'running') break;
        await client.jobs.cancel(id);
        const { state: ended, progress } = await client.jobs.wait(id);
        same('its state', ended, 'cancelled');
        return `${progress.scored.toLocaleString('en')} variants scored by then`;
      },
    ],
    [
      'rows come out as files',
      async () => {
        const id = swept().resultId;
        const csv = new TextDecoder().decode(await client.results.export(id, { format: 'csv', limit: 1000 }));
        same('the number of lines', csv.trim().split('\n').length, swept().record.top.length + 1);
        const parquet = await client.results.export(id, { format: 'parquet', limit: 1000 });
        const mark = new TextDecoder().decode(parquet.slice(0, 4));
        same('the mark of the Parquet file', mark, 'PAR1');
        return `${parquet.length.toLocaleString('en')} bytes of Parquet`;
      },
    ],
    [
      'what was made here is deleted',
      async () => {
        for (const id of state.mine) if (id !== null) await client.results.delete(id);
        return `${state.mine.size} results`;
      },
    ],
  ];
}
