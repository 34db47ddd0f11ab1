// The benchmark harness: which workloads, how thoroughly, and where the results go.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadKernels } from '../src/kernels/wasm-loader.ts';
import { compileDualSma } from './c-program.ts';
import { describeMachine } from './machine.ts';
import { forgetWindows } from './market.ts';
import { NO_PEERS, startPeers } from './peers.ts';
import { markdown, type Report } from './report.ts';
import type { BenchContext, Workload } from './workload.ts';
import { WORKLOADS } from './workloads.ts';

const USAGE = `npm run bench -- [options]

  --only p1,sma_cross   run these workloads only: ${WORKLOADS.map(({ id }) => id).join(', ')}
  --quick               smaller inputs and fewer repetitions, about two minutes
  --no-python           leave the Python engines out
  --no-build            measure dist/ as it is
  --docs                write the results into docs/benchmarks.md
`;

const FULL = { rounds: 7, contestantMs: 12_000 };
const QUICK = { rounds: 3, contestantMs: 2_000 };

/** Runs the workloads asked for and answers the exit status. */
export async function runBench(args: readonly string[], root: string): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'no-python': { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      docs: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const wanted = values.only?.split(',');
  const unknown = wanted?.find((id) => !WORKLOADS.some((workload) => workload.id === id));
  if (values.help || unknown !== undefined) {
    process.stderr.write(`${unknown === undefined ? '' : `There is no workload ${unknown}.\n\n`}${USAGE}`);
    return values.help ? 0 : 2;
  }
  const chosen = WORKLOADS.filter(({ id }) => wanted === undefined || wanted.includes(id));
  const report = await measureAll(chosen, root, values.quick, values['no-python']);
  const text = markdown(report);
  const folder = join(root, '.cache/bench/results');
  mkdirSync(folder, { recursive: true });
  const stem = join(folder, report.date.replace(/[: ]/g, '-'));
  writeFileSync(`${stem}.json`, `${JSON.stringify(report, undefined, 1)}\n`);
  writeFileSync(`${stem}.md`, text);
  if (values.docs) writeDocs(root, text);
  process.stdout.write(`\n${text}\nWritten to ${stem}.md and .json\n`);
  return report.results.some(({ outcome }) => typeof outcome === 'string') ? 1 : 0;
}

async function measureAll(
  chosen: readonly Workload[],
  root: string,
  quick: boolean,
  noPython: boolean,
): Promise<Report> {
  const machine = describeMachine();
  const folder = join(root, '.cache/bench', `run-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const needsPeers = chosen.some(({ usesPeers }) => usesPeers);
  const peers = noPython
    ? NO_PEERS('Python peers: left out by --no-python.')
    : needsPeers
      ? await startPeers(root, folder, say)
      : NO_PEERS('Python peers: none of the workloads uses them.');
  const context: BenchContext = {
    root,
    folder,
    quick,
    effort: quick ? QUICK : FULL,
    peers,
    strategyModule: join(root, '.cache/bench/strategies/rsi-bollinger-trend.mjs'),
    dualSmaProgram: compileDualSma(root, folder),
    dualSmaSkipped: 'The C program was skipped: there is no `cc` on this machine.',
    say,
  };
  const results: Report['results'][number][] = [];
  try {
    for (const { id, title, run } of chosen) {
      say(`${id}: ${title}`);
      const outcome = await run(context).catch((error: Error) => error.stack ?? error.message);
      if (typeof outcome === 'string') say(outcome);
      results.push({ workload: { id, title }, outcome });
      forgetWindows();
    }
  } finally {
    peers.close();
    rmSync(folder, { recursive: true, force: true });
  }
  const notes = [
    `Gridmill's kernels on this runtime: ${loadKernels().provider.name}.`,
    ...peers.engines.map(({ version }) => `Opponent: ${version}.`),
    ...peers.skipped.map((reason) => `Skipped: ${reason}`),
  ];
  return { machine, date: new Date().toISOString().slice(0, 16).replace('T', ' '), quick, notes, results };
}

const BEGIN = '<!-- results: written by npm run bench -- --docs -->';
const END = '<!-- end of results -->';

function writeDocs(root: string, text: string): void {
  const path = join(root, 'docs/benchmarks.md');
  const page = readFileSync(path, 'utf8');
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${path} has no place for results`);
  writeFileSync(path, `${page.slice(0, from + BEGIN.length)}\n\n${text}\n${page.slice(to)}`);
}
