// The results as Markdown and JSON.
import { type Agreement, agrees, TOLERANCE } from './agreement.ts';
import type { Machine } from './machine.ts';
import type { Timing } from './measure.ts';
import { digits, nsPerUnit, type Outcome, type Section, type Verdict, type Workload } from './workload.ts';

export interface Report {
  readonly machine: Machine;
  readonly date: string;
  readonly quick: boolean;
  readonly notes: readonly string[];
  readonly results: readonly {
    readonly workload: Pick<Workload, 'id' | 'title'>;
    readonly outcome: Outcome | string;
  }[];
}

export function markdown({ machine, date, quick, notes, results }: Report): string {
  const { model, cores, threadsPerCore, memoryGb, caches, vectorUnits } = machine;
  const lines = [
    `Measured ${date}${quick ? ' with `--quick` (smaller inputs: not the figures of record)' : ''}.`,
    '',
    `- Machine: ${model}, ${cores} cores with ${threadsPerCore} thread each, ${memoryGb} GB; ${caches}; ${vectorUnits}.`,
    `- System: ${machine.system}, Node ${machine.node}, cc: ${machine.compiler}.`,
    `- Load before the run: ${machine.loadBefore.join(', ')}.`,
    ...notes.map((note) => `- ${note}`),
    '',
  ];
  for (const { workload, outcome } of results) {
    lines.push(`### ${workload.id.toUpperCase()}: ${workload.title}`, '');
    if (typeof outcome === 'string') lines.push(`Failed: ${outcome}`, '');
    else lines.push(...outcome.sections.flatMap(sectionLines), ...verdictLines(outcome.verdicts));
  }
  return lines.join('\n');
}

function sectionLines({ input, agreements, timings, unit, isNoRace, facts }: Section): string[] {
  const lines = [`**${input}**`, ''];
  if (timings.length > 0) {
    const best = isNoRace === true ? undefined : Math.min(...timings.map(nsPerUnit));
    const race = best === undefined ? '' : ' to the fastest |';
    lines.push(
      `| engine | ${unit}s | runs | min ms | median ms | IQR | ns per ${unit} |${race}`,
      `|---|--:|--:|--:|--:|--:|--:|${race && '--:|'}`,
      ...timings.map((timing) => timingLine(timing, best)),
      '',
    );
  }
  const remarks = [...agreements.map(agreementText), ...facts];
  return remarks.length === 0 ? lines : [...lines, ...remarks.map((remark) => `- ${remark}`), ''];
}

function timingLine(timing: Timing, best: number | undefined): string {
  const { name, units, samplesMs, minMs, medianMs, spread, noisy } = timing;
  const cells = [
    name,
    units.toLocaleString('en'),
    String(samplesMs.length),
    digits(minMs),
    digits(medianMs),
    `${(spread * 100).toFixed(0)} %${noisy ? ' noisy' : ''}`,
    digits(nsPerUnit(timing)),
    ...(best === undefined ? [] : [`${digits(nsPerUnit(timing) / best)} ×`]),
  ];
  return `| ${cells.join(' | ')} |`;
}

export function agreementText(agreement: Agreement): string {
  const { engines, variants, metrics, worst, disagreements, disagreeing } = agreement;
  const what = metrics.length > 4 ? `${metrics.length} metrics` : metrics.join(', ');
  const pair = `${engines[1]} with ${engines[0]}`;
  if (agrees(agreement)) {
    return `${pair}: ${variants.toLocaleString('en')} variants agree on ${what} (largest difference ${worst.toExponential(1)}, allowed ${TOLERANCE}).`;
  }
  return `${pair}: **no time**, ${disagreeing} of ${variants} variants disagree. ${disagreements.join('; ')}.`;
}

function verdictLines(verdicts: readonly Verdict[]): string[] {
  if (verdicts.length === 0) return [];
  const word = (met: boolean | undefined): string => (met === undefined ? 'not judged' : met ? 'met' : '**not met**');
  return [
    '| target | measured | |',
    '|---|---|---|',
    ...verdicts.map(({ target, measured, met }) => `| ${target} | ${measured} | ${word(met)} |`),
    '',
  ];
}
